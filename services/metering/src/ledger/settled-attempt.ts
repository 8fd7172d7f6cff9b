import { type EventBatch, PoisonedMessage } from '@weir/bus'
import type { RequestSettled } from '@weir/contracts'
import { checkStorable, eventTimeMs } from '@weir/database'

/** An attempt as the gateway reported it, with its times as numbers. */
export interface SettledAttempt {
  event: RequestSettled
  startedAtMs: number
  endedAtMs: number
  /** W3C trace context of the request, when it is traced. */
  traceparent: string | undefined
}

/**
 * Checks an event.
 * @throws PoisonedMessage when the ledger could not hold it, or it makes no sense
 */
export function readSettledAttempt({
  event,
  message,
}: EventBatch<RequestSettled>['events'][number]): SettledAttempt {
  try {
    checkStorable(event)
    if (event.attempt === 0) throw new TypeError('attempt is 0, but the first is 1')
    return {
      event,
      startedAtMs: eventTimeMs('startedAt', event.startedAt),
      endedAtMs: eventTimeMs('endedAt', event.endedAt),
      traceparent: message.headers['traceparent'],
    }
  } catch (error) {
    if (error instanceof TypeError) throw new PoisonedMessage(message, error.message)
    throw error
  }
}
