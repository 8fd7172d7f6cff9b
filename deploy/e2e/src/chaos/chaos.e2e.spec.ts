import { whyNoKafka } from '@weir/embedded-kafka'
import { describe, expect, it } from 'vitest'
import type { ChaosOptions } from './options.js'
import { toTable } from './report.js'
import { runChaos } from './run.js'

/** `npm run chaos` at small scale: every process is killed at least once while the load runs. */
const small = { requests: 400, rate: 35, killEveryMs: 1_000, gateways: process.platform === 'linux' ? 2 : 1 }

const missing = await whyNoKafka()
if (missing && process.env['WEIR_REQUIRE_KAFKA'] === '1') throw new Error(missing)

describe('under kill -9 of every process', () => {
  it('loses no usage and counts none twice', { timeout: 180_000 }, () =>
    runSmall({ ...small, kafka: false, seed: 11 }),
  )

  it('loses no usage and counts none twice with Kafka as the bus', { timeout: 240_000 }, (context) => {
    if (missing) return context.skip(missing)
    return runSmall({ ...small, kafka: true, seed: 12 })
  })
})

async function runSmall(options: ChaosOptions): Promise<void> {
  const log: string[] = []
  const result = await runChaos({ ...options, say: (line) => log.push(line) })
  expect(result.findings, `${log.join('\n')}\n${toTable(result)}`).toEqual([])
  expect(Object.keys(result.kills).length).toBeGreaterThanOrEqual(5)
  // On a slow machine the gateways are away for longer, and more clients find nobody.
  expect(result.clients.whole).toBeGreaterThan(options.requests / 8)
  // The figures are of something: every place counted the attempts and their cost.
  const ledger = result.figures.find(({ source }) => source === 'rows of the ledger')
  expect(ledger?.attempts).toBeGreaterThan(options.requests / 8)
  expect(ledger?.costNanoUsd).toBeGreaterThan(0n)
}
