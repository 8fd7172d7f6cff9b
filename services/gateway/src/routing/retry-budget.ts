/** So many retries are always there, so that a deployment of few requests can retry too. */
const leastRetries = 20
const refillPerSecond = 10

/**
 * Bounds retries to a share of the requests: when a provider is down, what comes again must not be a
 * multiple of what came.
 */
export class RetryBudget {
  private left = leastRetries
  private refilledAtMs = 0

  /** A request has come. @param ratio share of the requests that retries may be */
  deposit(ratio: number): void {
    this.left = Math.min(this.left + ratio, Math.max(leastRetries, 1_000 * ratio))
  }

  /** Takes a retry; false: there is none left. */
  take(nowMs: number): boolean {
    const gained = ((nowMs - this.refilledAtMs) / 1_000) * refillPerSecond
    if (this.left < leastRetries) this.left = Math.min(leastRetries, this.left + gained)
    this.refilledAtMs = nowMs
    if (this.left < 1) return false
    this.left--
    return true
  }
}
