import { type EventBatch, PoisonedMessage } from '@weir/bus'
import type { UsageRated } from '@weir/contracts'
import { checkStorable, eventTimeMs } from '@weir/database'
import { parseUsd } from '@weir/rating'

/** A rated attempt as metering reported it, its time and cost as numbers. */
export interface RatedUsage {
  event: UsageRated
  startedAtMs: number
  /** Undefined: the price is not known, so the cost is not either. */
  costNanoUsd: bigint | undefined
}

/**
 * Checks an event.
 * @throws PoisonedMessage when the rollups could not hold it, or it makes no sense
 */
export function readRatedUsage({ event, message }: EventBatch<UsageRated>['events'][number]): RatedUsage {
  try {
    checkStorable(event)
    if (event.attempt === 0) throw new TypeError('attempt is 0, but the first is 1')
    if (event.currency !== 'USD')
      throw new TypeError('currency is not USD, and amounts of two currencies have no sum')
    return {
      event,
      startedAtMs: eventTimeMs('startedAt', event.startedAt),
      costNanoUsd: readCost(event.cost),
    }
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError)
      throw new PoisonedMessage(message, error.message)
    throw error
  }
}

function readCost(text: string): bigint | undefined {
  if (text === '') return undefined
  const costNanoUsd = parseUsd(text)
  if (costNanoUsd < 0n) throw new RangeError('cost is negative')
  return costNanoUsd
}
