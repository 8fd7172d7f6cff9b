import { AppError } from '@weir/errors'
import { describe, expect, it } from 'vitest'
import type { AdmittedRoute } from '../admission/admitted-route.js'
import type { AttemptFailure } from '../inference/failure.js'
import { DeploymentPlan, type TargetRole } from './deployment-plan.js'
import { RetryBudget } from './retry-budget.js'
import { TargetState } from './target-state.js'

const error = AppError.of('provider_error', { provider: 'p', reason: 'x' })
const failure = (more: Partial<AttemptFailure> = {}): AttemptFailure => ({
  ...{ error, remedy: 'again', isUnsent: false, cause: 'other' },
  ...more,
})

type Target = [name: string, ...roles: TargetRole[]]

function plan(targets: Target[], maxRetries = 1, budget = new RetryBudget()) {
  let nowMs = 1_000_000
  const planned = targets.map(([name, ...roles]) => ({
    ...{ route: { model: { id: name } } as AdmittedRoute, state: new TargetState() },
    roles: roles.length > 0 ? roles : (['own'] as const),
  }))
  const terms = {
    timeoutMs: 0,
    hedgeAfterMs: 0,
    maxRetries,
    budget,
    health: { consecutiveFailures: 0, ejectMs: 0 },
  }
  const made = new DeploymentPlan(planned, { ...terms, nowMs: () => nowMs, random: () => 0.5 })
  /** Fails every attempt; the targets in the order in which they were tried, and how long was waited for each. */
  const run = (failures: AttemptFailure[] | AttemptFailure) => {
    const tried = [made.route.model.id]
    const delays = [0]
    let last = made.route
    made.begin(last)
    for (let count = 0; count < 50; count++) {
      const route = last
      const next = made.after(route, Array.isArray(failures) ? (failures[count] ?? failure()) : failures)
      made.over(route, Array.isArray(failures) ? failures[count] : failures)
      if (!next) break
      nowMs += next.delayMs
      tried.push(next.route.model.id)
      delays.push(next.delayMs)
      last = next.route
      made.begin(last)
    }
    return { tried, delays }
  }
  const pass = (ms: number) => (nowMs += ms)
  return { planned, run, made, pass }
}

describe('a plan', () => {
  it('tries each target, and again, before the next', () => {
    const { run, planned } = plan([['a'], ['b'], ['c', 'any']])
    expect(run(failure()).tried).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
    expect(planned.map(({ state }) => [state.requests, state.failures, state.inFlight])).toEqual([
      ...[
        [2, 2, 0],
        [2, 2, 0],
        [2, 2, 0],
      ],
    ])
  })

  it('leaves a target at once that cannot serve the request', () => {
    expect(plan([['a'], ['b']]).run(failure({ remedy: 'elsewhere' })).tried).toEqual(['a', 'b'])
  })

  it('goes nowhere with a request that is itself refused, and blames no target', () => {
    const { run, planned } = plan([['a'], ['b']])
    expect(run(failure({ remedy: 'nowhere' })).tried).toEqual(['a'])
    expect(planned[0]?.state.failures).toBe(0)
  })

  it('goes to the fallback for its cause, else to one for any', () => {
    const targets: Target[] = [['a'], ['b'], ['large', 'context_window_exceeded'], ['other', 'any']]
    const of = (cause: AttemptFailure['cause']) =>
      plan(targets).run([failure({ cause, remedy: 'elsewhere' }), failure({ remedy: 'nowhere' })]).tried
    expect(of('context_window_exceeded')).toEqual(['a', 'large'])
    expect(of('content_filter')).toEqual(['a', 'other'])
    expect(plan([['a'], ['b']]).run(failure({ cause: 'content_filter', remedy: 'elsewhere' })).tried).toEqual(
      ['a'],
    )
  })

  it('uses a fallback for a cause for no other failure', () => {
    expect(plan([['a'], ['large', 'context_window_exceeded']]).run(failure()).tried).toEqual(['a', 'a'])
  })

  it('goes to a target of its own too where that is a fallback for the cause', () => {
    const targets: Target[] = [['a'], ['b', 'own', 'context_window_exceeded'], ['c', 'content_filter', 'any']]
    const of = (cause: AttemptFailure['cause']) =>
      plan(targets).run([failure({ cause, remedy: 'elsewhere' }), failure({ remedy: 'nowhere' })]).tried
    expect(of('context_window_exceeded')).toEqual(['a', 'b'])
    expect(of('content_filter')).toEqual(['a', 'c'])
    expect(of('other')).toEqual(['a', 'b'])
  })

  it('stays with the fallbacks for a cause when one of them fails otherwise', () => {
    const targets: Target[] = [['a'], ['b'], ['large', 'context_window_exceeded']]
    const { tried } = plan([...targets, ['larger', 'context_window_exceeded'], ['other', 'any']], 0).run([
      failure({ cause: 'context_window_exceeded', remedy: 'elsewhere' }),
      ...[failure(), failure(), failure(), failure()],
    ])
    expect(tried).toEqual(['a', 'large', 'larger', 'other'])
  })

  it('goes elsewhere while a target asks to be left alone, and comes back when that is over', () => {
    const { tried, delays } = plan([['a'], ['b']]).run([
      failure({ retryAfterMs: 3_000 }),
      failure({ remedy: 'elsewhere' }),
    ])
    expect(tried).toEqual(['a', 'b', 'a'])
    expect(delays).toEqual([0, 0, 3_000])
  })

  it('passes by a target that cannot carry the request at all', () => {
    const { planned, made } = plan([['a'], ['b']])
    expect(made.insteadOf(made.route)).toBe(planned[1]?.route)
    expect(made.insteadOf(planned[1]?.route as AdmittedRoute)).toBeUndefined()
  })

  it('hedges with a target that does well, within the budget', () => {
    const { made, planned } = plan([['a'], ['b'], ['c', 'content_filter']])
    made.begin(made.route)
    const route = made.hedge()
    expect(route).toBe(planned[1]?.route)
    made.begin(route as AdmittedRoute)
    made.answered(route as AdmittedRoute, 10)
    made.over(made.route, undefined)
    made.over(route as AdmittedRoute, undefined)
    expect(planned.map(({ state }) => [state.requests, state.inFlight])).toEqual([
      [1, 0],
      [1, 0],
      [0, 0],
    ])
    expect(made.hedge()).toBeUndefined()
  })

  it('sends no second attempt to where one is on its way already', () => {
    const { made, planned } = plan([['a'], ['b'], ['c']], 0)
    made.begin(made.route)
    expect(made.hedge()).toBe(planned[1]?.route)
    expect(made.after(made.route, failure())?.route).toBe(planned[2]?.route)
  })

  it('comes back to a target that failed beside another one as it would to any', () => {
    const { made, planned } = plan([['a'], ['b']], 0)
    made.begin(made.route)
    const rival = made.hedge() as AdmittedRoute
    made.begin(rival)
    made.over(rival, failure())
    expect(made.after(made.route, failure())).toBeUndefined()
    made.over(made.route, failure())
    expect(planned.map(({ state }) => [state.inFlight, state.failures])).toEqual([
      [0, 1],
      [0, 1],
    ])
    const asked = plan([['a'], ['b']], 1)
    asked.made.begin(asked.made.route)
    const other = asked.made.hedge() as AdmittedRoute
    asked.made.begin(other)
    asked.made.over(other, failure({ retryAfterMs: 5_000 }))
    asked.pass(1_000)
    expect(asked.made.after(asked.made.route, failure({ remedy: 'elsewhere' }))).toEqual({
      ...{ route: other, delayMs: 4_000 },
    })
  })

  it('knows a target as slow that has not answered before another one did', () => {
    const { made, planned, pass } = plan([['a'], ['b']])
    made.begin(made.route)
    pass(800)
    made.over(made.route, undefined)
    expect(planned[0]?.state.latencyMs).toBe(800)
    made.begin(made.route)
    made.answered(made.route, 100)
    made.over(made.route, undefined)
    expect(planned[0]?.state.latencyMs).toBe(660)
  })

  it('waits for nobody who asks for too long', () => {
    expect(plan([['a']]).run(failure({ retryAfterMs: 60_000 })).tried).toEqual(['a'])
    expect(plan([['a']]).run(failure({ retryAfterMs: 1_000 })).delays).toEqual([0, 1_000])
  })

  it('retries no target while the budget is used up, and falls back all the same', () => {
    const budget = new RetryBudget()
    while (budget.take(1_000_000));
    expect(plan([['a'], ['b']], 5, budget).run(failure()).tried).toEqual(['a', 'b'])
  })
})
