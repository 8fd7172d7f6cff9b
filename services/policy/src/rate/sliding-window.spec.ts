import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlidingWindow, windowMs } from './sliding-window.js'

describe('a sliding window', () => {
  it('counts for a minute, and at most 50 ms longer', () => {
    const window = new SlidingWindow()
    window.add(1_000, 5)
    expect(window.sum(1_000 + windowMs)).toBe(5)
    expect(window.sum(1_050 + windowMs)).toBe(0)
  })

  it('takes back what was not used, where it was counted', () => {
    const window = new SlidingWindow()
    window.add(0, 10)
    window.add(30_000, 10)
    window.remove(0, 8)
    expect(window.sum(30_000)).toBe(12)
    expect(window.sum(61_000)).toBe(10)
  })

  it('says when an amount is free again, and when all is', () => {
    const window = new SlidingWindow()
    window.add(0, 2)
    window.add(10_000, 3)
    expect(window.freeAfterMs(20_000, 1)).toBe(40_050)
    expect(window.freeAfterMs(20_000, 3)).toBe(50_050)
    expect(window.resetAfterMs(20_000)).toBe(50_050)
    expect(window.resetAfterMs(90_000)).toBe(0)
  })

  it('agrees with a list of all uses to within its resolution, whatever the order', () => {
    const use = fc.record({
      at: fc.integer({ min: 0, max: 200_000 }),
      amount: fc.integer({ min: 1, max: 50 }),
    })
    fc.assert(
      fc.property(fc.array(use, { maxLength: 300 }), fc.integer({ min: 0, max: 300_000 }), (uses, now) => {
        const window = new SlidingWindow()
        for (const { at, amount } of uses) window.add(at, amount)
        const after = (ms: number) =>
          uses.filter(({ at }) => at > now - ms).reduce((sum, { amount }) => sum + amount, 0)
        const sum = window.sum(now)
        expect(sum).toBeGreaterThanOrEqual(after(windowMs))
        expect(sum).toBeLessThanOrEqual(after(windowMs + 51))
      }),
    )
  })
})
