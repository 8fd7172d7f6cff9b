import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTimeZone, periodAt, periods } from './period.js'

const at = (text: string) => Date.parse(text)
const span = (period: (typeof periods)[number], zone: string, moment: string) => {
  const { startMs, endMs } = periodAt(period, zone, at(moment), 0)
  return [startMs, endMs ?? 0].map((ms) => new Date(ms).toISOString())
}

describe('a period', () => {
  it('is a day, a week from Monday, or a month, in UTC', () => {
    expect(span('daily', 'UTC', '2026-03-10T23:59:59.999Z')).toEqual([
      '2026-03-10T00:00:00.000Z',
      '2026-03-11T00:00:00.000Z',
    ])
    expect(span('weekly', 'UTC', '2026-03-01T12:00:00Z')).toEqual([
      '2026-02-23T00:00:00.000Z',
      '2026-03-02T00:00:00.000Z',
    ])
    expect(span('monthly', 'UTC', '2026-12-31T00:00:00Z')).toEqual([
      '2026-12-01T00:00:00.000Z',
      '2027-01-01T00:00:00.000Z',
    ])
  })

  it('begins at local midnight, also on days of 23 and 25 hours', () => {
    expect(span('daily', 'Europe/Berlin', '2026-03-29T12:00:00Z')).toEqual([
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
    ])
    expect(span('daily', 'America/New_York', '2026-11-01T12:00:00Z')).toEqual([
      '2026-11-01T04:00:00.000Z',
      '2026-11-02T05:00:00.000Z',
    ])
    expect(span('monthly', 'Asia/Kolkata', '2026-01-31T19:00:00Z')[0]).toBe('2026-01-31T18:30:00.000Z')
  })

  it('begins where the clocks resume when they skip midnight', () => {
    expect(span('daily', 'Asia/Beirut', '2026-03-29T12:00:00Z')[0]).toBe('2026-03-28T22:00:00.000Z')
  })

  it('never ends when it is once', () => {
    expect(periodAt('once', 'UTC', at('2026-01-01T00:00:00Z'), 7)).toEqual({ startMs: 7, endMs: undefined })
  })

  it('contains its moment, and the next one begins where it ends', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'Pacific/Apia',
      'Pacific/Chatham',
      'Asia/Kathmandu',
      // Half an hour; at midnight; past midnight.
      'Australia/Lord_Howe',
      'America/Nuuk',
      'America/Havana',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom('daily', 'weekly', 'monthly' as const),
        fc.constantFrom(...zones),
        fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') }),
        (period, zone, moment) => {
          const { startMs, endMs = 0 } = periodAt(period, zone, moment, 0)
          expect(startMs <= moment && moment < endMs).toBe(true)
          expect(periodAt(period, zone, endMs, 0).startMs).toBe(endMs)
          expect(periodAt(period, zone, endMs - 1, 0).startMs).toBe(startMs)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('takes only time zones that there are', () => {
    expect(['UTC', 'Europe/Berlin', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false])
  })
})
