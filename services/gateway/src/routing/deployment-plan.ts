import type { AdmittedRoute } from '../admission/admission.js'
import type { AttemptFailure } from '../inference/failure.js'
import type { FallbackCause, KnownDeployment, Tier } from '../snapshot/known-deployment.js'
import { backoffMs } from './backoff.js'
import type { NextAttempt, Plan } from './plan.js'
import type { RetryBudget } from './retry-budget.js'
import type { HealthTerms, TargetState } from './target-state.js'

/** A target of a deployment for one request. */
export interface PlannedTarget {
  readonly route: AdmittedRoute
  readonly state: TargetState
  /** Undefined: a target of the deployment itself; else a fallback, and what it is there for. */
  readonly on: FallbackCause | undefined
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
  isUnderway: boolean
  hasAnswered: boolean
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

  /** @param targets at least one; the first is the target of the first attempt */
  constructor(
    targets: readonly PlannedTarget[],
    private readonly terms: PlanTerms,
  ) {
    this.tries = targets.map((target) => ({
      ...{ target, tries: 0, isUnderway: false, hasAnswered: false, isOut: false, notBeforeMs: 0 },
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
    one.target.state.begin(this.terms.nowMs())
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
    const { state } = one.target
    if (isTargetsFault(failure)) state.fail(failure.error.code, this.terms.nowMs(), this.terms.health)
    else if (!failure && one.hasAnswered) state.succeed()
    else state.release()
  }

  after(route: AdmittedRoute, failure: AttemptFailure): NextAttempt | undefined {
    const one = this.find(route)
    if (!one || failure.remedy === 'nowhere') return undefined
    if (failure.cause !== 'other') {
      one.isOut = true
      return (
        this.nextOf(({ target }) => target.on === failure.cause) ??
        this.nextOf(({ target }) => target.on === 'any')
      )
    }
    if (failure.remedy === 'elsewhere' || one.tries > this.terms.maxRetries) one.isOut = true
    const waitMs = Math.max(backoffMs(one.tries - 1, this.terms.random()), failure.retryAfterMs ?? 0)
    one.notBeforeMs = this.terms.nowMs() + waitMs
    if (!one.isOut && waitMs <= patienceMs) {
      if (this.terms.budget.take(this.terms.nowMs())) return { route, delayMs: waitMs }
      one.isOut = true
    }
    return this.nextOf(isForAnyCause) ?? this.wait()
  }

  /** Only one that does well now, and only within the budget of retries: it is one more call. */
  hedge(): AdmittedRoute | undefined {
    const nowMs = this.terms.nowMs()
    const next = this.nextOf((one) => isForAnyCause(one) && one.target.state.healthAt(nowMs) === 'healthy')
    return next && this.terms.budget.take(nowMs) ? next.route : undefined
  }

  private find(route: AdmittedRoute): Try | undefined {
    return this.tries.find(({ target }) => target.route === route)
  }

  insteadOf(route: AdmittedRoute): AdmittedRoute | undefined {
    for (const one of this.tries) if (one.target.route === route) one.isOut = true
    return this.nextOf(isForAnyCause)?.route
  }

  /** The next target that was not tried yet. */
  private nextOf(isOf: (one: Try) => boolean): NextAttempt | undefined {
    const next = this.tries.find((one) => one.tries === 0 && !one.isOut && isOf(one))
    return next && { route: next.target.route, delayMs: 0 }
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

const isForAnyCause = ({ target }: Try): boolean => target.on === undefined || target.on === 'any'

/** What the request itself brings about says nothing of its target. */
function isTargetsFault(failure: AttemptFailure | undefined): failure is AttemptFailure {
  return failure !== undefined && failure.remedy !== 'nowhere' && failure.cause === 'other'
}
