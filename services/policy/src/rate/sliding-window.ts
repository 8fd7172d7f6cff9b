/** What a limit per minute counts over. */
export const windowMs = 60_000

/** What was used within so many milliseconds is counted as one, and as if it had been used at their end. */
const bucketMs = 50

/** A gateway's clock and messages are never that far off. */
const slackMs = 250

/**
 * What was used in the last 60 seconds. An amount leaves the window up to 50 ms late, never early:
 * no 60 seconds ever have more than they may. Times are of one monotonic clock, in milliseconds.
 */
export class SlidingWindow {
  private used = 0
  private buckets: number[] = []
  private amounts: number[] = []
  /** Where the oldest bucket stands. */
  private first = 0

  /** What was used in the 60 seconds before `nowMs`. */
  sum(nowMs: number): number {
    this.forget(nowMs)
    return this.used
  }

  /** Counts an amount that was used at `atMs`. */
  add(atMs: number, amount: number): void {
    if (amount <= 0) return
    const bucket = Math.floor(atMs / bucketMs)
    let at = this.buckets.length
    while (at > this.first && (this.buckets[at - 1] ?? 0) > bucket) at--
    if (at > this.first && this.buckets[at - 1] === bucket) {
      this.amounts[at - 1] = (this.amounts[at - 1] ?? 0) + amount
    } else if (at === this.buckets.length) {
      this.buckets.push(bucket)
      this.amounts.push(amount)
    } else {
      this.buckets.splice(at, 0, bucket)
      this.amounts.splice(at, 0, amount)
    }
    this.used += amount
  }

  /**
   * Takes back an amount that was counted about `atMs`: rather a little earlier than later, since what
   * remains then leaves the window late, not early.
   */
  remove(atMs: number, amount: number): void {
    const bucket = Math.floor((atMs - slackMs) / bucketMs)
    let from = this.first
    while (from < this.buckets.length && (this.buckets[from] ?? 0) < bucket) from++
    let left = amount
    for (let at = from; at < this.buckets.length && left > 0; at++) left -= this.removeAt(at, left)
    for (let at = from - 1; at >= this.first && left > 0; at--) left -= this.removeAt(at, left)
  }

  /** After how long `amount` has left the window. */
  freeAfterMs(nowMs: number, amount: number): number {
    this.forget(nowMs)
    let freed = 0
    for (let at = this.first; at < this.buckets.length; at++) {
      freed += this.amounts[at] ?? 0
      if (freed >= amount) return endOf(this.buckets[at] ?? 0) - nowMs
    }
    return 0
  }

  /** After how long everything has left the window. */
  resetAfterMs(nowMs: number): number {
    this.forget(nowMs)
    return this.used === 0 ? 0 : endOf(this.buckets.at(-1) ?? 0) - nowMs
  }

  private removeAt(at: number, amount: number): number {
    const removed = Math.min(amount, this.amounts[at] ?? 0)
    this.amounts[at] = (this.amounts[at] ?? 0) - removed
    this.used -= removed
    return removed
  }

  private forget(nowMs: number): void {
    while (this.first < this.buckets.length && endOf(this.buckets[this.first] ?? 0) <= nowMs) {
      this.used -= this.amounts[this.first] ?? 0
      this.first++
    }
    if (this.first < 64 || this.first * 2 < this.buckets.length) return
    this.buckets.splice(0, this.first)
    this.amounts.splice(0, this.first)
    this.first = 0
  }
}

/** When a bucket leaves the window. */
const endOf = (bucket: number): number => (bucket + 1) * bucketMs + windowMs
