import { whyNoKafka } from '@weir/embedded-kafka'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Instance, startInstance } from './instance.js'
import { judge } from './judge.js'
import { toTable } from './report.js'
import { killUnderLoad } from './run.js'
import { Trial } from './trial.js'

/** `npm run chaos` at small scale: every process is killed about once while the load runs. */
const small = { requests: 400, rate: 35, killEveryMs: 1_000 }

const missing = await whyNoKafka()
if (missing && process.env['WEIR_REQUIRE_KAFKA'] === '1') throw new Error(missing)

describe('with the bus in PostgreSQL', () => {
  const running = useInstance({ kafka: false })

  it('loses no usage and counts none twice under kill -9 of every process', { timeout: 180_000 }, () =>
    expectSound(running.trial, 11),
  )
})

if (missing) {
  describe('with the bus in Kafka', () =>
    it('loses no usage and counts none twice under kill -9 of every process', (context) =>
      context.skip(missing)))
} else {
  describe('with the bus in Kafka', () => {
    const running = useInstance({ kafka: true })

    it('refuses nothing while the broker is down for 10 s, and delivers all when it is back', async () => {
      const { trial } = running
      const load = trial.load({ requests: 360, rate: 30, seed: 1 })
      await sleep(1_000)
      trial.instance.kafka?.kill()
      await sleep(10_000)
      await trial.instance.kafka?.restart()
      const outcomes = await load
      expect(outcomes.filter(({ result }) => result !== 'whole' && result !== 'hung_up')).toEqual([])
      expect(await trial.settle(90_000)).toBe(true)
      const evidence = await trial.collect()
      expect(judge(evidence)).toEqual([])
      expect(evidence.ledger).toHaveLength(360)
    })

    it('loses no usage and counts none twice under kill -9 of every process', { timeout: 180_000 }, () =>
      expectSound(running.trial, 12),
    )
  })
}

/** An instance for the tests of a suite. */
function useInstance({ kafka }: { kafka: boolean }): { trial: Trial } {
  const running = {} as { trial: Trial }
  let home: string
  let instance: Instance | undefined
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'weir-chaos-'))
    const gateways = process.platform === 'linux' ? 2 : 1
    instance = await startInstance({ home, kafka, gateways, say: () => undefined })
    running.trial = await Trial.prepare(instance)
  })
  afterAll(async () => {
    await instance?.stop()
    rmSync(home, { recursive: true, force: true })
  })
  return running
}

async function expectSound(trial: Trial, seed: number): Promise<void> {
  const log: string[] = []
  const result = await killUnderLoad(trial, { ...small, seed, say: (line) => log.push(line) })
  expect(result.findings, `${log.join('\n')}\n${toTable(result)}`).toEqual([])
  expect(Object.keys(result.kills).length).toBeGreaterThanOrEqual(5)
  // On a slow machine the gateways are away for longer, and more clients find nobody.
  expect(result.clients.whole).toBeGreaterThan(small.requests / 8)
  // The figures are of something: every place counted the attempts and their cost.
  const ledger = result.figures.find(({ source }) => source === 'rows of the ledger')
  expect(ledger?.attempts).toBeGreaterThan(small.requests / 8)
  expect(ledger?.costNanoUsd).toBeGreaterThan(0n)
}
