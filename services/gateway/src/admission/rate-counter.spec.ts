import { createLogger } from '@weir/observability'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RateCounter, windowMs } from './rate-counter.js'
import { GatewayCountFile } from './rate-gateway-count.js'

const grant = {
  ...{ held: 10, available: 0, remaining: 10, retryAfterMs: 0, resetMs: 0 },
  ...{ isPending: false, isTight: false },
}
const asked = { held: 0, needed: 0 }
const counterOf = (kind: 'requests' | 'tokens' | 'parallel_requests', maximum = 30) =>
  new RateCounter('it', 'it', kind, maximum, () => undefined)

describe('a limit as a gateway uses it', () => {
  it('admits from its lease, and no more', () => {
    const counter = counterOf('requests')
    expect(counter.take(1, 1_000)).toBe(false)
    counter.apply(grant, asked, 1_000, false)
    expect(Array.from({ length: 12 }, () => counter.take(1, 1_000)).filter(Boolean)).toHaveLength(10)
    expect([counter.remaining, counter.resetAtMs]).toEqual([0, 1_000 + windowMs])
    expect(counter.toReport(1_000, false)).toMatchObject({ used: 10, held: 0 })
    expect(counter.toReport(1_000, false)).toMatchObject({ used: 0 })
  })

  it('takes back at once what was not used and is not reported yet, and reports the rest as unused', () => {
    const counter = counterOf('tokens')
    counter.apply(grant, asked, 1_000, false)
    counter.take(8, 1_001)
    counter.giveBack(5, 1_001, 1_010)
    expect([counter.left, counter.remaining]).toEqual([7, 7])
    counter.toReport(1_020, false)
    counter.giveBack(2, 1_001, 1_500)
    expect(counter.toReport(1_600, false).unused).toEqual([{ ageMs: 599, amount: 2 }])
    counter.giveBack(1, 1_001, 1_001 + windowMs)
    expect(counter.toReport(1_001 + windowMs, false).unused).toEqual([])
  })

  it('counts what was used beyond the estimate', () => {
    const counter = counterOf('tokens')
    counter.apply(grant, asked, 1_000, false)
    counter.take(2, 1_001)
    counter.overdraw(15, 1_002)
    expect([counter.left, counter.remaining]).toEqual([-7, 0])
    expect(counter.toReport(1_010, false)).toMatchObject({ used: 17, held: 0 })
  })

  it('tells a policy service that knows nothing what was used in the last minute', () => {
    const counter = counterOf('requests')
    counter.apply(grant, asked, 1_000, false)
    for (const atMs of [1_500, 31_000, 31_900, 61_999]) counter.take(1, atMs)
    // A second counts until its end has left the window.
    expect(counter.toReport(61_999, true)).toMatchObject({
      ...{ used: 0, held: 1 },
      history: [
        { ageMs: 59_999, amount: 1 },
        { ageMs: 29_999, amount: 2 },
        { ageMs: 0, amount: 1 },
      ],
    })
    expect(counter.ownUse(62_000)).toBe(3)
  })

  it('is shared equally while nobody can be asked', () => {
    const counter = counterOf('requests', 30)
    const alone = { time: 1, gateways: 3 }
    const admitted = (atMs: number) =>
      Array.from({ length: 40 }, () => counter.takeAlone(1, atMs, alone)).filter(Boolean).length
    expect(admitted(1_500)).toBe(10)
    expect(admitted(61_999)).toBe(0)
    expect(counter.retryAtMs).toBe(62_000)
    expect(admitted(62_000)).toBe(10)
  })

  it('shares no more than what was left when it was last told', () => {
    const counter = counterOf('requests', 30)
    counter.apply({ ...grant, held: 0, available: 6 }, asked, 1_000, false)
    const taken = Array.from({ length: 9 }, () => counter.takeAlone(1, 1_100, { time: 1, gateways: 3 }))
    expect(taken.filter(Boolean)).toHaveLength(2)
  })

  it.each([
    ['and asks again when all that it lacked was granted, but others turned out larger', 10, [true]],
    ['and is refused when not all of it was granted', 9, [false]],
  ])('lets a request wait for its lease, %s', async (_, granted, expected) => {
    const counter = counterOf('tokens')
    counter.apply({ ...grant, held: 1 }, asked, 1_000, false)
    counter.take(1, 1_001)
    const decided: boolean[] = []
    const waiter = { cost: 10, untilMs: 2_000, isAsked: false }
    counter.waiters.push({ ...waiter, resolve: (isAdmitted) => decided.push(isAdmitted) })
    const report = counter.toReport(1_010, false)
    expect(report).toMatchObject({ held: 0, needed: 10 })
    counter.overdraw(4, 1_015)
    counter.apply({ ...grant, held: granted }, report, 1_020, false)
    const again = counter.toReport(1_030, false)
    counter.apply({ ...grant, held: again.held + again.needed }, again, 1_040, false)
    expect(decided).toEqual(expected)
  })

  it('remembers when to try again until it is told anew', () => {
    const counter = counterOf('requests')
    counter.apply({ ...grant, held: 0, retryAfterMs: 40_000 }, asked, 1_000, false)
    counter.apply({ ...grant, held: 0 }, asked, 1_100, false)
    expect(counter.retryAtMs).toBe(41_000)
  })

  it('gives back its lease when the limit is lowered', () => {
    const counter = counterOf('requests')
    counter.apply(grant, asked, 1_000, false)
    counter.setMaximum(5)
    expect(counter.take(1, 1_001)).toBe(false)
    expect(counter.toReport(1_002, false)).toMatchObject({ maximum: 5, held: 0 })
  })

  it('has a slot again when its request ends', () => {
    const counter = counterOf('parallel_requests')
    counter.apply({ ...grant, held: 2 }, asked, 1_000, false)
    expect([1, 2, 3].map(() => counter.take(1, 1_000))).toEqual([true, true, false])
    counter.giveBack(1, 1_000, 900_000)
    expect([counter.underway, counter.left]).toEqual([1, 1])
    // Not used for long: only what is under way is held.
    expect(counter.toReport(900_000, false)).toMatchObject({ held: 1, idle: 0, used: 0 })
  })
})

describe('the number of gateways', () => {
  it('outlives the process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-count-'))
    const logger = createLogger({ service: 'test', level: 'silent' })
    const file = new GatewayCountFile(folder, logger)
    expect(file.read()).toBeUndefined()
    file.write(3)
    await expect.poll(() => new GatewayCountFile(folder, logger).read()).toBe(3)
    rmSync(folder, { recursive: true })
  })
})
