import type { AdmittedRoute } from '../admission/admitted-route.js'
import type { AttemptFailure } from '../inference/failure.js'
import type { FallbackCause, KnownDeployment, Tier } from '../snapshot/known-deployment.js'
import { backoffMs } from './backoff.js'
import type { NextAttempt, Plan } from './plan.js'
import type { RetryBudget } from './retry-budget.js'
import type { HealthTerms, TargetState } from './target-state.js'

/** What a target is there for: it is the deployment's own, or a fallback for failures of a cause. */
export type TargetRole = 'own' | FallbackCause

/** A target of a deployment for one request. */
export interface PlannedTarget {
  readonly route: AdmittedRoute
  readonly state: TargetState
  readonly roles: readonly TargetRole[]
}

/** What holds for all targets of a plan. */
export interface PlanTerms {
  readonly deployment?: KnownDeployment
  readonly tiers?: readonly Tier[]
  readonly timeoutMs: number
  readonly hedgeAfterMs: number
  /** Further attempts at each target. */
  readonly maxRetries: number
  readonly budget: RetryBudget
  readonly health: HealthTerms
  nowMs(): number
  random(): number
}

interface Try {
  readonly target: PlannedTarget
  tries: number
  /** It was named for an attempt, which may not have begun yet. */
  isChosen: boolean
  isUnderway: boolean
  begunAtMs: number
  hasAnswered: boolean
  /** What its last attempt's failure says was taken into account. */
  isNoted: boolean
  /** It is of no use any more for this request. */
  isOut: boolean
  notBeforeMs: number
}

/** A target that asks for more is left for another one, as long as there is one. */
const patienceMs = 300
/** Longer than that no request waits for a target. */
const longestWaitMs = 10_000

/** The targets of a deployment in their order: each is tried, and tried again, before the next. */
export class DeploymentPlan implements Plan {
  private readonly tries: Try[]
  /** What the request has met that only some targets are there for. */
  private cause: FallbackCause | undefined

  /** @param targets at least one; the first is the target of the first attempt */
  constructor(
    targets: readonly PlannedTarget[],
    private readonly terms: PlanTerms,
  ) {
    this.tries = targets.map((target, index) => ({
      ...{ target, tries: 0, isChosen: index === 0, isUnderway: false, begunAtMs: 0 },
      ...{ hasAnswered: false, isNoted: false, isOut: false, notBeforeMs: 0 },
    }))
  }

  get route(): AdmittedRoute {
    const [first] = this.tries
    if (!first) throw new Error('A deployment was found without a target.')
    return first.target.route
  }

  get deployment(): KnownDeployment | undefined {
    return this.terms.deployment
  }

  get targets(): readonly AdmittedRoute[] {
    return this.tries.map(({ target }) => target.route)
  }

  get tiers(): readonly Tier[] {
    return this.terms.tiers ?? []
  }

  get timeoutMs(): number {
    return this.terms.timeoutMs
  }

  get hedgeAfterMs(): number {
    return this.terms.hedgeAfterMs
  }

  begin(route: AdmittedRoute): void {
    const one = this.find(route)
    if (!one) return
    one.tries++
    one.isUnderway = true
    one.hasAnswered = false
    one.isNoted = false
    one.begunAtMs = this.terms.nowMs()
    one.target.state.begin(one.begunAtMs)
  }

  answered(route: AdmittedRoute, firstByteMs: number): void {
    const one = this.find(route)
    if (!one) return
    one.hasAnswered = true
    one.target.state.answered(firstByteMs)
  }

  over(route: AdmittedRoute, failure: AttemptFailure | undefined): void {
    const one = this.find(route)
    if (!one?.isUnderway) return
    one.isUnderway = false
    // Nobody asks where to go next while another attempt is under way beside it.
    if (failure && !one.isNoted) this.note(one, failure)
    const { state } = one.target
    const hasWaited = failure === undefined || failure.error.code === 'provider_timeout'
    if (hasWaited && !one.hasAnswered) state.waited(this.terms.nowMs() - one.begunAtMs)
    if (isTargetsFault(failure)) state.fail(failure.error.code, this.terms.nowMs(), this.terms.health)
    else if (!failure && one.hasAnswered) state.succeed()
    else state.release()
  }

  after(route: AdmittedRoute, failure: AttemptFailure): NextAttempt | undefined {
    const one = this.find(route)
    if (!one || failure.remedy === 'nowhere') return undefined
    const waitMs = this.note(one, failure)
    if (failure.cause !== 'other') return this.next()
    if (!one.isOut && waitMs <= patienceMs) {
      if (this.terms.budget.take(this.terms.nowMs())) return { route, delayMs: waitMs }
      one.isOut = true
    }
    return this.next() ?? this.wait()
  }

  /** What an attempt's failure says of its target for the rest of the request; returns how long to leave it alone. */
  private note(one: Try, failure: AttemptFailure): number {
    one.isNoted = true
    const isOver = failure.cause !== 'other' || failure.remedy !== 'again'
    if (isOver || one.tries > this.terms.maxRetries) one.isOut = true
    if (failure.cause !== 'other') this.cause = failure.cause
    const waitMs = Math.max(backoffMs(one.tries - 1, this.terms.random()), failure.retryAfterMs ?? 0)
    one.notBeforeMs = this.terms.nowMs() + waitMs
    return waitMs
  }

  /** Only one that does well now, and only within the budget of retries: it is one more call. */
  hedge(): AdmittedRoute | undefined {
    const nowMs = this.terms.nowMs()
    const next = this.findNext((one) => isForAnyCause(one) && one.target.state.healthAt(nowMs) === 'healthy')
    return next && this.terms.budget.take(nowMs) ? choose(next).route : undefined
  }

  private find(route: AdmittedRoute): Try | undefined {
    return this.tries.find(({ target }) => target.route === route)
  }

  insteadOf(route: AdmittedRoute): AdmittedRoute | undefined {
    for (const one of this.tries) if (one.target.route === route) one.isOut = true
    return this.next()?.route
  }

  /** The next target that was not tried yet and is there for what the request has met. */
  private next(): NextAttempt | undefined {
    const { cause } = this
    const next =
      cause === undefined
        ? this.findNext(isForAnyCause)
        : (this.findNext(isFor(cause)) ?? this.findNext(isFor('any')))
    return next && choose(next)
  }

  private findNext(isOf: (one: Try) => boolean): Try | undefined {
    return this.tries.find((one) => !one.isChosen && !one.isOut && isOf(one))
  }

  /** When all were tried, the one that may be tried again first. */
  private wait(): NextAttempt | undefined {
    const nowMs = this.terms.nowMs()
    let soonest: Try | undefined
    for (const one of this.tries) {
      const canWait = one.tries > 0 && !one.isOut && one.notBeforeMs - nowMs <= longestWaitMs
      if (canWait && (!soonest || one.notBeforeMs < soonest.notBeforeMs)) soonest = one
    }
    if (!soonest || !this.terms.budget.take(nowMs)) return undefined
    return { route: soonest.target.route, delayMs: Math.max(0, soonest.notBeforeMs - nowMs) }
  }
}

const isFor =
  (role: TargetRole) =>
  ({ target }: Try): boolean =>
    target.roles.includes(role)

const isForAnyCause = ({ target }: Try): boolean => isForAnyFailure(target)

/** Whether a target is tried whatever has happened to those before it. */
export const isForAnyFailure = ({ roles }: PlannedTarget): boolean =>
  roles.includes('own') || roles.includes('any')

function choose(one: Try): NextAttempt {
  one.isChosen = true
  return { route: one.target.route, delayMs: 0 }
}

/** What the request itself brings about says nothing of its target. */
function isTargetsFault(failure: AttemptFailure | undefined): failure is AttemptFailure {
  return failure !== undefined && failure.remedy !== 'nowhere' && failure.cause === 'other'
}
