import type { UsageRated } from '@weir/contracts'
import { formatUsd, type Price, rate, UnratedUnit } from '@weir/rating'
import type { SettledAttempt } from './settled-attempt.js'

/** How an attempt came to its cost; an unpriced one has none. */
export type RatingStatus = 'rated' | 'free' | 'unpriced'

/** An attempt with its cost. */
export interface RatedAttempt extends SettledAttempt {
  status: RatingStatus
  /** Undefined: unpriced. */
  costNanoUsd: bigint | undefined
  /** RFC 3339, in UTC. */
  ratedAt: string
}

/**
 * Gives an attempt its cost, by the price that its event names. A price that nobody knows, or that
 * says nothing about what was used, leaves the cost unknown: it is never taken for zero.
 * @param price undefined when there is no price of that id
 */
export function rateAttempt(
  attempt: SettledAttempt,
  price: Price | undefined,
  ratedAt: string,
): RatedAttempt {
  if (attempt.event.priceId === '') return { ...attempt, status: 'free', costNanoUsd: 0n, ratedAt }
  const costNanoUsd = price && costOf(attempt, price)
  return { ...attempt, status: costNanoUsd === undefined ? 'unpriced' : 'rated', costNanoUsd, ratedAt }
}

function costOf({ event }: SettledAttempt, price: Price): bigint | undefined {
  try {
    return rate(event, price)
  } catch (error) {
    if (error instanceof UnratedUnit) return undefined
    throw error
  }
}

/** The event that tells an attempt's cost; the cost of an unpriced one is empty. */
export function toUsageRated({ event, startedAt, endedAt, costNanoUsd, ratedAt }: RatedAttempt): UsageRated {
  return {
    ...event,
    startedAt,
    endedAt,
    ratedAt,
    cost: costNanoUsd === undefined ? '' : formatUsd(costNanoUsd),
    currency: 'USD',
  }
}
