import { invalidFields } from '@weir/errors'
import { parseMoment } from './usage-filter.dto.js'

const hourMs = 3_600_000
const defaultPeriodMs = 30 * 24 * hourMs

/** From `start` to before `end`. */
export interface Period {
  start: Date
  end: Date
}

/**
 * The period that a validated query asks for.
 * @throws AppError invalid_request when it ends before it starts.
 */
export function periodOf(query: { start?: string; end?: string }, now: Date): Period {
  const end = (query.end !== undefined && parseMoment(query.end)) || now
  const start =
    (query.start !== undefined && parseMoment(query.start)) || new Date(end.getTime() - defaultPeriodMs)
  if (start < end) return { start, end }
  const field = query.end === undefined ? 'start' : 'end'
  const message =
    query.end === undefined ? 'must be in the past when `end` is not given' : 'must be after `start`'
  throw invalidFields([{ field, message }])
}

/** The smallest period of whole hours around one: sums are kept by the hour. */
export function wholeHours({ start, end }: Period): Period {
  return {
    start: new Date(Math.floor(start.getTime() / hourMs) * hourMs),
    end: new Date(Math.ceil(end.getTime() / hourMs) * hourMs),
  }
}

/** Start of an interval as text: RFC 3339 in UTC, to the second. */
export function formatStart(start: Date): string {
  return start.toISOString().replace('.000Z', 'Z')
}
