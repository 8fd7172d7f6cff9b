const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/** An index of PostgreSQL takes rows of at most 2,704 bytes, so what may be indexed stays well below. */
const maxTextBytes = 1_000
/** Of what has as many names as a team has ancestors, and is never indexed. */
const maxPathBytes = 64 * 1_024

/** Columns of type integer have a sign, the proto's numbers do not. */
const maxInteger = 2 ** 31 - 1

/**
 * Refuses an event that the database could not hold. Such an event would fail each time that it is
 * delivered, and hold up all that is behind it: the consumer sets it aside instead.
 * @throws TypeError with the field and what is wrong with it
 */
export function checkStorable(event: { eventId: string }): void {
  check(uuid.test(event.eventId), 'eventId is not a UUID in lower case')
  // Every event of every consumer comes through here: no list of its fields is made.
  for (const field in event) {
    const value = (event as Record<string, unknown>)[field]
    if (typeof value === 'number' && value > maxInteger) check(false, `${field} is larger than ${maxInteger}`)
    if (typeof value !== 'string') continue
    const maxBytes = field === 'teamPath' || field === 'budgets' ? maxPathBytes : maxTextBytes
    if (value.includes('\0')) check(false, `${field} has a NUL character`)
    // A character takes three bytes at most.
    const fits = value.length * 3 <= maxBytes || Buffer.byteLength(value) <= maxBytes
    if (!fits) check(false, `${field} is longer than ${maxBytes} bytes`)
  }
}

/**
 * Milliseconds since 1970 of an event's time.
 * @throws TypeError when it is not one as in RFC 3339
 */
export function eventTimeMs(field: string, text: string): number {
  const time = Date.parse(text)
  check(rfc3339.test(text) && text >= '1970' && time >= 0, `${field} is not a time as in RFC 3339 since 1970`)
  return time
}

function check(isGood: boolean, reason: string): void {
  if (!isGood) throw new TypeError(reason)
}
