import type { AdmittedRoute } from '../admission/admitted-route.js'
import type { AttemptFailure } from '../inference/failure.js'
import type { KnownDeployment, Tier } from '../snapshot/known-deployment.js'
import { backoffMs } from './backoff.js'

/** Where to try next, and when. */
export interface NextAttempt {
  readonly route: AdmittedRoute
  readonly delayMs: number
}

/** The targets of one request, in the order in which they are tried. */
export interface Plan {
  /** Whom the request is counted and judged for: the target of its first attempt. */
  readonly route: AdmittedRoute
  /** Undefined: a model was asked for by its own name. */
  readonly deployment: KnownDeployment | undefined
  /** All that may answer the request. */
  readonly targets: readonly AdmittedRoute[]
  /** The tiers that were chosen for the request; none where a model was asked for by its own name. */
  readonly tiers: readonly Tier[]
  /** How long an attempt may take up to its first byte; 0: as the gateway is set. */
  readonly timeoutMs: number
  /** An attempt at a target begins. */
  begin(route: AdmittedRoute): void
  /** A target has sent its first byte. */
  answered(route: AdmittedRoute, firstByteMs: number): void
  /** An attempt at a target is over; `failure`: what it came to. */
  over(route: AdmittedRoute, failure: AttemptFailure | undefined): void
  /** After which a second attempt is begun beside one that has not answered, milliseconds; 0: never. */
  readonly hedgeAfterMs: number
  /** Its target; undefined: there is none. */
  hedge(): AdmittedRoute | undefined
  /** The target that is tried when one cannot carry the request at all; undefined: none. */
  insteadOf(route: AdmittedRoute): AdmittedRoute | undefined
  /** Where to go after a failure; undefined: nowhere. */
  after(route: AdmittedRoute, failure: AttemptFailure): NextAttempt | undefined
}

/** A model that was asked for by its own name is its only target; what never reached it is sent once more. */
export class DirectPlan implements Plan {
  readonly timeoutMs = 0
  readonly hedgeAfterMs = 0
  readonly deployment = undefined
  readonly tiers = []
  private hasRetried = false

  constructor(readonly route: AdmittedRoute) {}

  get targets(): readonly AdmittedRoute[] {
    return [this.route]
  }

  begin(): void {
    // Nobody chooses by how one target does.
  }

  answered(): void {
    // As above.
  }

  over(): void {
    // As above.
  }

  insteadOf(): undefined {
    return undefined
  }

  hedge(): undefined {
    return undefined
  }

  after(_route: AdmittedRoute, failure: AttemptFailure): NextAttempt | undefined {
    if (this.hasRetried || !failure.isUnsent) return undefined
    this.hasRetried = true
    return { route: this.route, delayMs: backoffMs(0, Math.random()) }
  }
}
