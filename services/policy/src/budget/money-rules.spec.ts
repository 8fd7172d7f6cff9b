import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyStep, newState, World } from '../testing/money-world.js'
import {
  charge,
  grantAhead,
  grantHold,
  heldOf,
  isAmple,
  isExact,
  leftOf,
  newlyCrossed,
} from './money-rules.js'

describe('the rules of money', () => {
  it('threat 21, 22: in 10,000 histories of three gateways that crash and come back nothing is overspent and nothing leaks', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 60 }), (steps) => {
        const world = new World()
        for (const step of steps) {
          step(world)
          world.check()
        }
        world.end()
      }),
      { numRuns: 10_000 },
    )
  }, 60_000)

  it('hold nothing when one of several budgets lacks the money', () => {
    const [rich, poor] = [newState(100n), newState(5n)]
    const parts = [rich, poor].map((state) => ({ state, least: 6n }))
    expect(grantHold(parts, 'run', 6n)).toEqual({ refusedBy: 1 })
    expect([leftOf(rich), leftOf(poor)]).toEqual([100n, 5n])
  })

  it('grant less than was asked for only to who takes less', () => {
    const state = newState(10n)
    expect(grantHold([{ state, least: 4n }], 'run', 15n)).toEqual({ granted: 10n })
    expect(grantHold([{ state, least: 1n }], 'run', 15n)).toEqual({ refusedBy: 0 })
  })

  it('close a budget whose bill was larger than what was held, and nothing else', () => {
    const state = newState(100n)
    grantHold([{ state, least: 10n }], 'run', 10n)
    charge(state, 150n, { gateway: 'run', relief: 150n })
    expect([state.spent, heldOf(state), leftOf(state)]).toEqual([150n, 0n, -50n])
    expect(grantHold([{ state, least: 1n }], 'run', 1n)).toEqual({ refusedBy: 0 })
  })

  it('lease ahead a small part of what is left, and nothing of little', () => {
    const state = newState(3_200n)
    expect(grantAhead(state, 'run', 1_000n)).toBe(100n)
    expect(grantAhead(newState(31n), 'run', 1_000n)).toBe(0n)
    expect([isExact(319n, 10n), isExact(320n, 10n)]).toEqual([true, false])
    expect([isAmple(639n, 10n), isAmple(640n, 10n)]).toEqual([false, true])
  })

  it('keep what a dead gateway may have spent until each of its attempts is charged, then give it back', () => {
    const world = new World()
    world.lease(0, 0, 400n, false)
    world.hold(0, [0], 20n, false)
    world.hold(0, [0], 300n, true)
    world.crash(0)
    expect(world.endRun(0)).toBe(false)
    world.settle(0, 50n)
    expect(world.endRun(0)).toBe(false)
    world.rate(0)
    expect(world.endRun(0)).toBe(true)
    world.askLate(0, 0, 400n)
    world.end()
  })

  it('tell of each threshold once', () => {
    const state = { ...newState(10n), spent: 8n }
    expect(newlyCrossed(state, [50, 80, 100], [50])).toEqual([80])
  })
})
