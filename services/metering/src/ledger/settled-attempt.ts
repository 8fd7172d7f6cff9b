import { type EventBatch, PoisonedMessage } from '@weir/bus'
import type { RequestSettled } from '@weir/contracts'
import { checkStorable, eventTimeMs } from '@weir/database'

/** An attempt as the gateway reported it, with its times as numbers. */
export interface SettledAttempt {
  event: RequestSettled
  startedAtMs: number
  endedAtMs: number
  /** The same as text, in UTC with milliseconds. */
  startedAt: string
  endedAt: string
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
    const startedAtMs = eventTimeMs('startedAt', event.startedAt)
    const endedAtMs = eventTimeMs('endedAt', event.endedAt)
    return {
      event,
      startedAtMs,
      endedAtMs,
      startedAt: new Date(startedAtMs).toISOString(),
      endedAt: new Date(endedAtMs).toISOString(),
      traceparent: message.headers['traceparent'],
    }
  } catch (error) {
    if (error instanceof TypeError) throw new PoisonedMessage(message, error.message)
    throw error
  }
}
