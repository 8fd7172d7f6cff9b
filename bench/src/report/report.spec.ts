import { describe, expect, it } from 'vitest'
import { distribution } from '../load/percentile.js'
import type { MeasureName } from '../run/measure.js'
import { judgeMemory } from '../run/memory.js'
import type { Measurement } from '../run/rounds.js'
import type { TargetName } from '../target/target.js'
import { check } from './check.js'
import { summarize } from './summary.js'
import { renderMemory, renderTable } from './table.js'

interface Figures {
  perCoreSecond?: number
  latenciesMs?: number[]
  /** CPU time after the load. */
  lateCpuSeconds?: number
  foreignShare?: number
}

function measurement(round: number, measure: MeasureName, target: TargetName, figures: Figures): Measurement {
  const { perCoreSecond = 0, latenciesMs = [], lateCpuSeconds = 0 } = figures
  const requests = 4 * perCoreSecond
  return {
    round,
    measure,
    target,
    load: {
      sent: requests,
      succeeded: requests,
      failed: 0,
      window: { seconds: 5, requests, events: requests, cpuSeconds: 4 },
      latencyMs: distribution(latenciesMs),
      firstByteMs: distribution(latenciesMs.map((ms) => ms / 2)),
    },
    allIn: { requests, cpuSeconds: 4 + lateCpuSeconds },
    drainSeconds: 1,
    idleRssMib: 80,
    rssMib: 100,
    foreignShare: figures.foreignShare ?? 0.05,
  }
}

const rounds = [
  measurement(1, 'closed', 'bare', { perCoreSecond: 10_000 }),
  measurement(1, 'closed', 'weir', { perCoreSecond: 7_000, lateCpuSeconds: 1 }),
  // The machine was half as fast in this round.
  measurement(2, 'closed', 'bare', { perCoreSecond: 5_000 }),
  measurement(2, 'closed', 'weir', { perCoreSecond: 3_600, lateCpuSeconds: 1 }),
  measurement(1, 'translated', 'weir', { perCoreSecond: 7_000, lateCpuSeconds: 1.5 }),
  measurement(1, 'rate', 'direct', { latenciesMs: [1, 1, 2] }),
  measurement(1, 'rate', 'weir', { latenciesMs: [1.5, 1.5, 6] }),
  measurement(1, 'stream', 'bare', { perCoreSecond: 100_000 }),
  measurement(1, 'stream', 'weir', { perCoreSecond: 95_000 }),
  measurement(1, 'first', 'direct', { latenciesMs: [1, 1, 2] }),
  measurement(1, 'first', 'weir', { latenciesMs: [2, 2, 9] }),
]

describe('summary', () => {
  const [direct, bare, weir] = summarize(rounds).targets

  it('compares measurements of the same round', () => {
    expect(weir?.ratio.requests).toEqual({ median: 0.71, lowest: 0.7, highest: 0.72 })
    expect(bare?.requestsPerCoreSecond).toEqual({ median: 7_500, lowest: 5_000, highest: 10_000 })
  })

  it('charges the work that was done after the last reply', () => {
    expect(weir?.ratio.requestsAllIn.median).toBeCloseTo(0.568)
  })

  it('leaves out a round that was disturbed for any target', () => {
    const disturbed = measurement(3, 'closed', 'weir', { perCoreSecond: 100, foreignShare: 0.5 })
    const summary = summarize([
      ...rounds,
      disturbed,
      measurement(3, 'closed', 'bare', { perCoreSecond: 90_000 }),
    ])
    expect(summary.disturbed).toEqual([])
    expect(summary.targets).toEqual(summarize(rounds).targets)
  })

  it('says of a measure that it was always disturbed', () => {
    const summary = summarize([measurement(1, 'closed', 'bare', { perCoreSecond: 100, foreignShare: 0.5 })])
    expect(summary.targets[0]?.requestsPerCoreSecond.median).toBe(100)
    expect(renderTable(summary)).toContain("DISTURBED: in no round was 'closed'")
  })

  it('takes the upstream itself off the latencies', () => {
    expect([weir?.addedP50Ms.median, weir?.addedP99Ms.median]).toEqual([0.5, 4])
    expect(direct?.addedP50Ms.median).toBe(0)
  })

  it('takes the upstream itself off the time to the first byte, of which half is the first', () => {
    expect([weir?.addedFirstByteP50Ms.median, weir?.addedFirstByteP99Ms.median]).toEqual([0.5, 3.5])
  })

  it('compares a translated request to one that is passed on', () => {
    expect(weir?.translationShare.median).toBeCloseTo(0.1)
    expect(bare?.translationShare.median).toBeNaN()
  })

  it('is printed with a column for each target and no row without a figure', () => {
    const text = renderTable(summarize(rounds))
    expect(text.split('\n')[0]).toMatch(/direct +bare +weir$/)
    expect(text).toMatch(/^requests per core-second +– +7,500 \(5,000…10,000\) +5,300 \(3,600…7,000\)$/m)
    expect(text).toMatch(/^requests\/s on the core +– +≥ 6,000 /m)
    expect(text).not.toContain('paced')
  })
})

describe('check', () => {
  const rounded = (measurements: Measurement[]): boolean[] =>
    check({ mode: 'rounds' }, summarize(measurements).targets, []).map(({ holds }) => holds)

  it('holds when ratio and latencies are within the limits', () => {
    expect(rounded(rounds)).toEqual([true, true, true, true, true, true])
  })

  it('fails a gateway that leaves its work for later', () => {
    const lazy = rounds.map((one) => ({ ...one, allIn: one.allIn && { ...one.allIn, cpuSeconds: 8 } }))
    const bare = lazy.map((one) =>
      one.target === 'bare' ? { ...one, allIn: { requests: 40_000, cpuSeconds: 4 } } : one,
    )
    expect(rounded(bare)).toEqual([false, true, true, true, true, true])
  })

  it('fails what was not measured', () => {
    expect(rounded(rounds.filter(({ target }) => target === 'bare'))).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ])
  })

  const course = (rssMib: number[], liveMib: [number, number]) => {
    const points = rssMib.map((rss, i) => ({ requests: (i + 1) * 20_000, rssMib: rss }))
    const live = liveMib.map((mib, i) => ({ requests: [40_000, 200_000][i]!, bytes: mib * 1024 * 1024 }))
    return { target: 'weir' as const, idleRssMib: 80, points, ...judgeMemory(points, live) }
  }

  it('fails objects that pile up', () => {
    const leak = course([80, 90, 90, 90, 90, 95, 95, 95, 100, 100], [40, 56])
    expect(check({ mode: 'memory' }, [], [leak])).toEqual([
      { what: 'memory flat over the long run', value: '104.9 B more in use for each request', holds: false },
    ])
    expect(renderMemory([leak])).toContain('GROWS')
  })

  it('fails memory outside of the heap that grows to the end', () => {
    expect(course([80, 90, 100, 110, 120, 130, 140, 150, 165, 180], [40, 40]).flat).toBe(false)
  })

  it('takes a heap that V8 enlarged for flat', () => {
    expect(course([119, 119, 145, 145, 145, 147, 182, 197, 198, 198], [40, 42]).flat).toBe(true)
  })
})
