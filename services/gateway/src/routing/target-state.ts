/** When a target is left alone. */
export interface HealthTerms {
  /** After so many failures in a row; 0: never. */
  readonly consecutiveFailures: number
  /** For so long at first, milliseconds; each time that its probe fails, twice as long. */
  readonly ejectMs: number
}

/** Whether a target is sent requests: all, one to see how it does, or none. */
export type TargetHealth = 'healthy' | 'probing' | 'ejected'

/** What each answer adds to the average: the last ten or so decide. */
const newShare = 0.2
const longestEjectMs = 10 * 60_000
const failureMemoryMs = 60_000

/**
 * What this gateway has seen of one target with one credential. Failures in a row eject it; when that
 * time is over one request probes it, and decides whether it is back.
 */
export class TargetState {
  inFlight = 0
  requests = 0
  failures = 0
  /** Average time to the first byte, milliseconds; 0: nothing is known. */
  latencyMs = 0
  /** Of the last failure; empty: none. */
  lastFailure = ''
  lastFailureAtMs = 0
  ejectedUntilMs = 0
  private failuresInRow = 0
  private ejections = 0
  private isProbed = false

  /** Whether it is sent requests now. */
  healthAt(nowMs: number): TargetHealth {
    if (this.ejectedUntilMs === 0) return 'healthy'
    return nowMs >= this.ejectedUntilMs && !this.isProbed ? 'probing' : 'ejected'
  }

  begin(nowMs: number): void {
    this.requests++
    this.inFlight++
    if (this.ejectedUntilMs !== 0 && nowMs >= this.ejectedUntilMs) this.isProbed = true
  }

  answered(firstByteMs: number): void {
    this.latencyMs =
      this.latencyMs === 0 ? firstByteMs : this.latencyMs + newShare * (firstByteMs - this.latencyMs)
  }

  /** It was waited for so long in vain: it is at least as slow as that. */
  waited(ms: number): void {
    if (ms > this.latencyMs) this.answered(ms)
  }

  /** An attempt has ended well. */
  succeed(): void {
    this.inFlight--
    this.failuresInRow = 0
    this.ejections = 0
    this.ejectedUntilMs = 0
    this.isProbed = false
  }

  /** An attempt ended in a way that says nothing of the target. */
  release(): void {
    this.inFlight--
    this.isProbed = false
  }

  /** What a check without a request has shown: one that is back is probed by the next request. */
  noteCheck(isThere: boolean, nowMs: number, terms: HealthTerms): void {
    if (isThere) {
      if (this.ejectedUntilMs > nowMs) this.ejectedUntilMs = nowMs
      return
    }
    this.inFlight++
    this.fail('provider_error', nowMs, terms)
  }

  fail(reason: string, nowMs: number, { consecutiveFailures, ejectMs }: HealthTerms): void {
    this.inFlight--
    this.failures++
    this.lastFailure = reason
    // What failed long ago is no row with what fails now.
    this.failuresInRow = nowMs - this.lastFailureAtMs > failureMemoryMs ? 1 : this.failuresInRow + 1
    this.lastFailureAtMs = nowMs
    const wasEjected = this.ejectedUntilMs !== 0
    if (wasEjected && !this.isProbed) return
    this.isProbed = false
    if (!wasEjected && (consecutiveFailures === 0 || this.failuresInRow < consecutiveFailures)) return
    this.ejectedUntilMs = nowMs + Math.min(longestEjectMs, ejectMs * 2 ** this.ejections)
    this.ejections++
  }
}
