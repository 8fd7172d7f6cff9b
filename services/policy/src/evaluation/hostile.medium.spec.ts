import type { DetectorSettings } from '@weir/detectors'
import { createLogger } from '@weir/observability'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toSets } from './scan.js'
import { ScanPool } from './scan-pool.js'

const patterns: DetectorSettings[] = [
  '(a+)+$',
  '(a|aa)+$',
  '(.*a){20}',
  '(x+x+)+y',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
].map((pattern) => ({ name: 'pattern', pattern }))
const all: DetectorSettings[] = [
  ...(['email', 'phone', 'payment_card', 'iban', 'national_id', 'ip_address', 'date_of_birth'] as const),
  ...(['postal_address', 'person_name', 'secret', 'prompt_injection', 'url', 'code'] as const),
]

const bytes = 100_000
const texts = {
  'one letter': 'a'.repeat(bytes),
  'one letter, and another at its end': `${'a'.repeat(bytes)}!`,
  digits: '4'.repeat(bytes),
  'signs of addresses': '@.'.repeat(bytes / 2),
  'broken cards': '4111 1111 1111 1112 '.repeat(bytes / 20),
  'percent signs': '%41'.repeat(bytes / 3),
  base64: Buffer.from('x@'.repeat(bytes)).toString('base64').slice(0, bytes),
  brackets: '((((['.repeat(bytes / 5),
  'zero-width spaces': '\u200b4'.repeat(bytes / 2),
}

describe('threat 23: 100 kB that are made to take long', () => {
  let pool: ScanPool
  beforeAll(async () => {
    const compiled = new URL('../../dist/evaluation/scan.worker.js', import.meta.url)
    pool = new ScanPool(compiled, createLogger({ service: 'test', level: 'silent' }), 2)
    pool.start()
    await pool.scan('org_1', toSets(all), [{ text: 'warm', message: 0 }])
  })
  afterAll(() => pool.close())

  it.each(Object.entries(texts))('hold up neither the service nor anybody else: %s', async (_, text) => {
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const hostile = pool.scan('org_hostile', toSets([...patterns, ...all]), [{ text, message: 0 }])
    const outcome = hostile.then(
      () => 'judged',
      () => 'given up',
    )
    const waits: number[] = []
    let isOver = false
    void outcome.then(() => (isOver = true))
    while (!isOver && waits.length < 200) {
      const beganAt = performance.now()
      await pool.scan('org_light', toSets(['email']), [{ text: 'to ann@mail.example', message: 0 }])
      waits.push(performance.now() - beganAt)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    delay.disable()
    expect(['judged', 'given up']).toContain(await outcome)
    // Beside the other thread, on a busy machine: what is short is the wait for one's turn.
    const sorted = waits.sort((left, right) => left - right)
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(50)
    expect(delay.percentile(50) / 1e6).toBeLessThan(50)
  })
})
