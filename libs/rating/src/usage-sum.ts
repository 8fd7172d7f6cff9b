import type { UsageCounts } from './usage.js'

/** What attempts come to, together. */
export interface UsageSum extends UsageCounts {
  /** Each request counts once, with its first attempt, however often it was tried. */
  requests: number
  attempts: number
  /** Attempts whose cost is not known, and so is not in `costNanoUsd`. */
  unpricedAttempts: number
  costNanoUsd: bigint
}

/** The sum of no attempts. */
export function emptySum(): UsageSum {
  return {
    requests: 0,
    attempts: 0,
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    unpricedAttempts: 0,
    costNanoUsd: 0n,
  }
}

/**
 * Adds an attempt to a sum. The one rule of what counts, for everyone who adds up.
 * @param attempt its number within the request, 1 for the first, and its tokens
 * @param costNanoUsd undefined: not known
 */
export function addAttempt(
  sum: UsageSum,
  attempt: UsageCounts & { attempt: number },
  costNanoUsd: bigint | undefined,
): void {
  if (attempt.attempt === 1) sum.requests++
  sum.attempts++
  sum.inputTokens += attempt.inputTokens
  sum.cachedInputTokens += attempt.cachedInputTokens
  sum.cacheWriteTokens += attempt.cacheWriteTokens
  sum.outputTokens += attempt.outputTokens
  sum.reasoningTokens += attempt.reasoningTokens
  if (costNanoUsd === undefined) sum.unpricedAttempts++
  else sum.costNanoUsd += costNanoUsd
}
