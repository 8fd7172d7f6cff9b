import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { usageIntervals } from '@weir/http'
import { nextStart, startOf } from '../rollup/interval.js'
import { segments } from './rollup-source.js'

const hourMs = 3_600_000
const hour = fc
  .integer({ min: Date.UTC(2020, 0) / hourMs, max: Date.UTC(2040, 0) / hourMs })
  .map((hours) => hours * hourMs)

describe('segments', () => {
  it('cover the period without gap or overlap, in whole intervals no longer than asked for', () => {
    fc.assert(
      fc.property(fc.constantFrom(...usageIntervals), hour, hour, (coarsest, a, b) => {
        const [startMs, endMs] = a < b ? [a, b] : [b, a]
        const found = segments(coarsest, startMs, endMs)
        let at = startMs
        for (const { interval, startMs: from, endMs: to } of found) {
          expect(from).toBe(at)
          expect(to).toBeGreaterThan(from)
          expect([startOf(interval, from), startOf(interval, to)]).toEqual([from, to])
          expect(usageIntervals.indexOf(interval)).toBeLessThanOrEqual(usageIntervals.indexOf(coarsest))
          at = to
        }
        expect(at).toBe(endMs)
        expect(found.length).toBeLessThanOrEqual(5)
      }),
    )
  })
})

describe('intervals', () => {
  it('begin at or before a moment, and the next at or after it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...usageIntervals),
        fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
        (interval, atMs) => {
          const start = startOf(interval, atMs)
          const next = nextStart(interval, atMs)
          expect(start).toBeLessThanOrEqual(atMs)
          expect(next).toBeGreaterThanOrEqual(atMs)
          expect(startOf(interval, start)).toBe(start)
          expect(startOf(interval, next)).toBe(next)
          expect(next === start).toBe(start === atMs)
        },
      ),
    )
  })
})
