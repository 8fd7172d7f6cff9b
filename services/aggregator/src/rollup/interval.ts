import type { UsageInterval } from '@weir/http'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Start of the interval that a moment lies in, in UTC; milliseconds since 1970. */
export function startOf(interval: UsageInterval, atMs: number): number {
  if (interval === 'hour') return atMs - (atMs % hourMs)
  if (interval === 'day') return atMs - (atMs % dayMs)
  const at = new Date(atMs)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1)
}

/** The first start of an interval that is not before a moment. */
export function nextStart(interval: UsageInterval, atMs: number): number {
  const start = startOf(interval, atMs)
  if (start === atMs) return start
  if (interval === 'hour') return start + hourMs
  if (interval === 'day') return start + dayMs
  const at = new Date(start)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1)
}
