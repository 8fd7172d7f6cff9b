import type { DetectorName } from '@weir/detectors'
import { createLogger } from '@weir/observability'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toSets } from './scan.js'
import { ScanFailure, ScanPool } from './scan-pool.js'

const logger = createLogger({ service: 'test', level: 'silent' })

/** Answers at once, but to a text `stall`, which it never comes to an end of. */
const stalling = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ id, texts }) => {
      if (texts.some(({ text }) => text === 'fail')) throw new Error('broken')
      while (texts.some(({ text }) => text === 'stall'));
      parentPort.postMessage({ id, found: texts.map(() => []) })
    })
    parentPort.postMessage({ id: 0 })`)}`,
)
const compiled = new URL('../../dist/evaluation/scan.worker.js', import.meta.url)

const email = toSets(['email'])
const texts = (text: string) => [{ text, message: 0 }]

describe('the detectors’ threads', () => {
  let pool: ScanPool
  beforeAll(() => {
    pool = new ScanPool(compiled, logger, 2)
    pool.start()
  })
  afterAll(() => pool.close())

  it('find what is in many texts, in their order', async () => {
    const many = Array.from({ length: 300 }, (_, at) => ({
      text: at % 2 === 0 ? `${'x '.repeat(400)}ann${at}@mail.example` : 'nothing',
      message: at,
    }))
    const found = await pool.scan('org_1', email, many)
    expect(found.map((each) => each.length)).toEqual(many.map((_, at) => (at % 2 === 0 ? 1 : 0)))
  })

  it('say what they cannot compile', async () => {
    await expect(
      pool.scan('org_1', toSets(['no_such_detector' as DetectorName]), texts('x')),
    ).rejects.toThrow(ScanFailure)
    await expect(pool.scan('org_1', email, texts('a@b.example'))).resolves.toMatchObject([[{ by: 'email' }]])
  })
})

describe('a text that a thread never comes to an end of', () => {
  let pool: ScanPool
  beforeAll(() => {
    pool = new ScanPool(stalling, logger, 2, 300)
    pool.start()
  })
  afterAll(() => pool.close())

  it('takes its thread with it, and nothing else', async () => {
    const stalled = expect(pool.scan('org_1', email, texts('stall'))).rejects.toThrow('in time')
    const beganAt = performance.now()
    await expect(pool.scan('org_1', email, texts('fine'))).resolves.toEqual([[]])
    await stalled
    expect(performance.now() - beganAt).toBeLessThan(2_000)
    await expect(pool.scan('org_1', email, texts('fine'))).resolves.toEqual([[]])
  })

  it('leaves other organizations their turn, however many there are of it', async () => {
    const heavy = Array.from({ length: 20 }, () =>
      pool.scan('org_heavy', email, texts('stall')).catch(() => 'lost'),
    )
    const beganAt = performance.now()
    await expect(pool.scan('org_light', email, texts('fine'))).resolves.toEqual([[]])
    expect(performance.now() - beganAt).toBeLessThan(250)
    expect(await Promise.all(heavy)).toEqual(heavy.map(() => 'lost'))
  })

  it('is no worse when the thread itself fails', async () => {
    await expect(pool.scan('org_1', email, texts('fail'))).rejects.toThrow(ScanFailure)
    await expect(pool.scan('org_1', email, texts('fine'))).resolves.toEqual([[]])
  })
})
