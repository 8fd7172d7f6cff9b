import { type Delivered, PoisonedMessage } from '@weir/bus'
import { requestSettled, type RequestSettled } from '@weir/contracts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const rfc3339 = /^(\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/** An index of PostgreSQL takes rows of at most 2,704 bytes, so what is indexed stays well below. */
const maxTextBytes = 1_000
const maxPathBytes = 64 * 1024

/** Columns of PostgreSQL have a sign, the proto's numbers do not. */
const maxInteger = 2 ** 31 - 1

/** An attempt as the gateway reported it, with its times as numbers. */
export interface SettledAttempt {
  event: RequestSettled
  startedAtMs: number
  endedAtMs: number
  /** W3C trace context of the request, when it is traced. */
  traceparent: string | undefined
}

/**
 * Reads an event and refuses what the ledger could not hold: such a message would fail again and
 * again, and hold up all that is behind it.
 * @throws PoisonedMessage
 */
export function readSettledAttempt(message: Delivered): SettledAttempt {
  try {
    const event = requestSettled.decode(message.value)
    check(uuid.test(event.eventId), 'event_id is not a UUID')
    for (const [field, value] of Object.entries(event)) {
      if (typeof value === 'number') check(value <= maxInteger, `${field} is larger than ${maxInteger}`)
      if (typeof value === 'string') checkText(field, value)
    }
    check(event.attempt > 0, 'attempt is 0, but the first is 1')
    return {
      event: { ...event, eventId: event.eventId.toLowerCase() },
      startedAtMs: readTime('started_at', event.startedAt),
      endedAtMs: readTime('ended_at', event.endedAt),
      traceparent: message.headers['traceparent'],
    }
  } catch (error) {
    if (error instanceof TypeError) throw new PoisonedMessage(message, error.message)
    throw error
  }
}

function check(isGood: boolean, reason: string): void {
  if (!isGood) throw new TypeError(reason)
}

function checkText(field: string, value: string): void {
  check(!value.includes('\0'), `${field} has a NUL character`)
  const maxBytes = field === 'teamPath' ? maxPathBytes : maxTextBytes
  check(Buffer.byteLength(value) <= maxBytes, `${field} is longer than ${maxBytes} bytes`)
}

function readTime(field: string, text: string): number {
  const year = Number(rfc3339.exec(text)?.[1])
  const time = Date.parse(text)
  check(year >= 1970 && !Number.isNaN(time) && time >= 0, `${field} is not a time as in RFC 3339`)
  return time
}
