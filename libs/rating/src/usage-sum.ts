import { type UsageBucket, usageUnitTable } from './unit.js'
import type { UsageCounts } from './usage.js'

/** What attempts come to, together. */
export interface UsageSum extends Record<UsageBucket, number> {
  /** Each request counts once, with its first attempt, however often it was tried. */
  requests: number
  attempts: number
  /** Attempts whose cost is not known, and so is not in `costNanoUsd`. */
  unpricedAttempts: number
  costNanoUsd: bigint
}

const noCounts = Object.fromEntries(usageUnitTable.map(({ bucket }) => [bucket, 0])) as Record<
  UsageBucket,
  number
>

/** The sum of no attempts. */
export function emptySum(): UsageSum {
  return { requests: 0, attempts: 0, ...noCounts, unpricedAttempts: 0, costNanoUsd: 0n }
}

const buckets: ReadonlySet<string> = new Set(usageUnitTable.map(({ bucket }) => bucket))

/**
 * Adds an attempt to a sum. The one rule of what counts, for everyone who adds up.
 * @param attempt its number within the request, 1 for the first, and what it used
 * @param costNanoUsd undefined: not known
 */
export function addAttempt(
  sum: UsageSum,
  attempt: UsageCounts & { attempt: number },
  costNanoUsd: bigint | undefined,
): void {
  if (attempt.attempt === 1) sum.requests++
  sum.attempts++
  // By the few fields that an attempt has, as in rate: of the units it has a handful.
  for (const field in attempt) {
    if (buckets.has(field)) sum[field as UsageBucket] += attempt[field as UsageBucket] ?? 0
  }
  if (costNanoUsd === undefined) sum.unpricedAttempts++
  else sum.costNanoUsd += costNanoUsd
}

/** Adds what other attempts come to. */
export function addSum(sum: UsageSum, other: UsageSum): void {
  sum.requests += other.requests
  sum.attempts += other.attempts
  for (const { bucket } of usageUnitTable) sum[bucket] += other[bucket]
  sum.unpricedAttempts += other.unpricedAttempts
  sum.costNanoUsd += other.costNanoUsd
}
