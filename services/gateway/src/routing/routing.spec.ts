import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs } from './backoff.js'
import { RetryBudget } from './retry-budget.js'
import { rendezvous } from './sticky.js'
import { type Candidate, order, TierState } from './strategy.js'
import { TargetState } from './target-state.js'

const candidate = (id: string, weight: number, more: Partial<Candidate> = {}): Candidate => ({
  ...{ id, weight, state: new TargetState(), costNanoUsd: () => 0 },
  ...more,
})

const choice = { tier: new TierState(), stickyKey: undefined, random: Math.random }

describe('weighted round robin', () => {
  it('gives each target its share exactly, and never skips one for long', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 5 })
    fc.assert(
      fc.property(
        weights.filter((list) => list.some((weight) => weight > 0)),
        (list) => {
          const tier = new TierState()
          const candidates = list.map((weight, index) => candidate(String(index), weight))
          const total = list.reduce((sum, weight) => sum + weight, 0)
          const counts = list.map(() => 0)
          for (let round = 0; round < total; round++) {
            const [first] = order(candidates, { ...choice, tier, strategy: 'weighted_round_robin' })
            counts[Number(first?.id)] = (counts[Number(first?.id)] ?? 0) + 1
          }
          expect(counts).toEqual(list)
        },
      ),
    )
  })

  it('has every target in its order once, one without weight last', () => {
    const candidates = [candidate('none', 0), candidate('a', 3), candidate('b', 1)]
    for (const strategy of [
      'weighted_round_robin',
      'least_latency',
      'least_in_flight',
      'least_cost',
    ] as const) {
      const ids = order(candidates, { ...choice, tier: new TierState(), strategy }).map(({ id }) => id)
      expect(ids.toSorted()).toEqual(['a', 'b', 'none'])
      expect(ids.at(-1)).toBe('none')
    }
  })
})

describe('the other strategies', () => {
  it('choose the fastest, the idlest, the cheapest', () => {
    const [slow, fast] = [new TargetState(), new TargetState()]
    slow.answered(900)
    fast.answered(100)
    const candidates = [
      candidate('slow', 1, { state: slow, costNanoUsd: () => 1 }),
      candidate('fast', 1, { state: fast, costNanoUsd: () => 2 }),
    ]
    const first = (strategy: 'least_latency' | 'least_in_flight' | 'least_cost') =>
      order(candidates, { ...choice, strategy, random: () => 0.5 })[0]?.id
    expect(first('least_latency')).toBe('fast')
    expect(first('least_cost')).toBe('slow')
    fast.begin(0)
    expect(first('least_in_flight')).toBe('slow')
  })
})

describe('rendezvous hashing', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 8 })

  it('moves only what the target that went away had', () => {
    fc.assert(
      fc.property(names, fc.string(), (targets, key) => {
        const all = rendezvous(key, targets, String, () => 1)
        const [gone, second] = all
        const rest = rendezvous(
          key,
          targets.filter((name) => name !== gone),
          String,
          () => 1,
        )
        expect(rest[0]).toBe(second)
      }),
    )
  })

  it('shares keys out by weight', () => {
    let heavy = 0
    for (let key = 0; key < 4_000; key++) {
      if (rendezvous(`key-${key}`, ['a', 'b'], String, (name) => (name === 'a' ? 3 : 1))[0] === 'a') heavy++
    }
    expect(heavy / 4_000).toBeCloseTo(0.75, 1)
  })
})

describe('a target’s health', () => {
  const terms = { consecutiveFailures: 3, ejectMs: 1_000 }
  const attempt = (state: TargetState, nowMs: number, isGood: boolean) => {
    state.begin(nowMs)
    if (isGood) state.succeed()
    else state.fail('provider_error', nowMs, terms)
  }

  it('is ejected after failures in a row, and not after as many with a success between', () => {
    const state = new TargetState()
    for (const isGood of [false, false, true, false, false]) attempt(state, 10, isGood)
    expect(state.healthAt(10)).toBe('healthy')
    attempt(state, 10, false)
    expect(state.healthAt(11)).toBe('ejected')
  })

  it('is probed by one request when its time is over, which decides', () => {
    const state = new TargetState()
    for (let count = 0; count < 3; count++) attempt(state, 0, false)
    expect(state.healthAt(999)).toBe('ejected')
    expect(state.healthAt(1_000)).toBe('probing')
    state.begin(1_000)
    expect(state.healthAt(1_001)).toBe('ejected')
    state.fail('provider_error', 1_001, terms)
    expect(state.healthAt(2_900)).toBe('ejected')
    expect(state.healthAt(3_001)).toBe('probing')
    attempt(state, 3_001, true)
    expect(state.healthAt(3_002)).toBe('healthy')
  })

  it('is probed by another request when the one that probed it said nothing', () => {
    const state = new TargetState()
    for (let count = 0; count < 3; count++) attempt(state, 0, false)
    state.begin(1_000)
    state.release()
    expect(state.healthAt(1_001)).toBe('probing')
    expect(state.inFlight).toBe(0)
  })
})

describe('a check without a request', () => {
  const terms = { consecutiveFailures: 2, ejectMs: 60_000 }

  it('ejects a target that is gone, and has one that is back probed at once', () => {
    const state = new TargetState()
    state.noteCheck(false, 0, terms)
    expect(state.healthAt(0)).toBe('healthy')
    state.noteCheck(false, 10, terms)
    expect([state.healthAt(10), state.inFlight]).toEqual(['ejected', 0])
    state.noteCheck(true, 20, terms)
    expect(state.healthAt(20)).toBe('probing')
  })
})

describe('the retry budget', () => {
  it('allows a share of the requests, and some always', () => {
    const budget = new RetryBudget()
    let taken = 0
    for (let request = 0; request < 1_000; request++) {
      budget.deposit(0.2)
      if (budget.take(0)) taken++
    }
    expect(taken).toBeGreaterThanOrEqual(200)
    expect(taken).toBeLessThanOrEqual(230)
    expect(budget.take(1_000)).toBe(true)
  })
})

describe('backoff', () => {
  it('grows, is spread, and has an end', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.double({ min: 0, max: 0.999, noNaN: true }), (tries, random) => {
        const wholeMs = Math.min(2_000, 50 * 2 ** tries)
        expect(backoffMs(tries, random)).toBeGreaterThanOrEqual(wholeMs / 2)
        expect(backoffMs(tries, random)).toBeLessThanOrEqual(wholeMs)
      }),
    )
  })
})
