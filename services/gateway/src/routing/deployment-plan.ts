import type { AdmittedRoute } from '../admission/admission.js'
import type { AttemptFailure } from '../inference/failure.js'
import type { FallbackCause, KnownDeployment } from '../snapshot/known-deployment.js'
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
  readonly timeoutMs: number
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
  private current: Try | undefined
  private hasAnswered = false

  /** @param targets at least one; the first is the target of the first attempt */
  constructor(
    targets: readonly PlannedTarget[],
    private readonly terms: PlanTerms,
  ) {
    this.tries = targets.map((target) => ({ target, tries: 0, isOut: false, notBeforeMs: 0 }))
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

  get timeoutMs(): number {
    return this.terms.timeoutMs
  }

  begin(route: AdmittedRoute): void {
    this.current = this.tries.find(({ target }) => target.route === route)
    if (!this.current) return
    this.current.tries++
    this.hasAnswered = false
    this.current.target.state.begin(this.terms.nowMs())
  }

  answered(firstByteMs: number): void {
    this.hasAnswered = true
    this.current?.target.state.answered(firstByteMs)
  }

  over(failure: AttemptFailure | undefined): void {
    const state = this.current?.target.state
    this.current = undefined
    if (!state) return
    if (isTargetsFault(failure)) state.fail(failure.error.code, this.terms.nowMs(), this.terms.health)
    else if (!failure && this.hasAnswered) state.succeed()
    else state.release()
  }

  after(failure: AttemptFailure): NextAttempt | undefined {
    const { current } = this
    if (!current || failure.remedy === 'nowhere') return undefined
    if (failure.cause !== 'other') {
      current.isOut = true
      return (
        this.nextOf(({ target }) => target.on === failure.cause) ??
        this.nextOf(({ target }) => target.on === 'any')
      )
    }
    if (failure.remedy === 'elsewhere' || current.tries > this.terms.maxRetries) current.isOut = true
    const waitMs = Math.max(backoffMs(current.tries - 1, this.terms.random()), failure.retryAfterMs ?? 0)
    current.notBeforeMs = this.terms.nowMs() + waitMs
    if (!current.isOut && waitMs <= patienceMs) {
      if (this.terms.budget.take(this.terms.nowMs())) return { route: current.target.route, delayMs: waitMs }
      current.isOut = true
    }
    return this.nextOf(({ target }) => target.on === undefined || target.on === 'any') ?? this.wait()
  }

  insteadOf(route: AdmittedRoute): AdmittedRoute | undefined {
    for (const one of this.tries) if (one.target.route === route) one.isOut = true
    return this.nextOf(({ target }) => target.on === undefined || target.on === 'any')?.route
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

/** What the request itself brings about says nothing of its target. */
function isTargetsFault(failure: AttemptFailure | undefined): failure is AttemptFailure {
  return failure !== undefined && failure.remedy !== 'nowhere' && failure.cause === 'other'
}
