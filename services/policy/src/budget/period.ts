/** How often a budget starts anew; `once`: never. */
export const periods = ['daily', 'weekly', 'monthly', 'once'] as const
export type Period = (typeof periods)[number]

/** A budget's period: [startMs, endMs). */
export interface PeriodSpan {
  /** Milliseconds since 1970. */
  startMs: number
  /** Milliseconds since 1970; undefined: it never ends. */
  endMs: number | undefined
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
    formats.set(timeZone, format)
  }
  return format
}

/** Whether the time zone is known: a name of the IANA database, such as Europe/Berlin. */
export function isTimeZone(name: string): boolean {
  try {
    return formatOf(name).format(0) !== ''
  } catch {
    return false
  }
}

/** What a clock in the time zone shows, as if it were UTC. */
function localMs(timeZone: string, atMs: number): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** The first moment of a local day: midnight, or where the clocks skip it, the end of what they skip. */
function startOfDay(timeZone: string, localDayMs: number): number {
  // A day's first moment lies within 26 h of the same moment in UTC; a local clock never goes back past midnight twice.
  let low = localDayMs - 26 * 3_600_000
  let high = localDayMs + 26 * 3_600_000
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (localMs(timeZone, middle) >= localDayMs) high = middle
    else low = middle
  }
  return high
}

/**
 * The period that a moment lies in, by the calendar of a time zone: days from midnight, weeks from
 * Monday, months from the first. @param onceFromMs where `once` starts
 */
export function periodAt(period: Period, timeZone: string, atMs: number, onceFromMs: number): PeriodSpan {
  if (period === 'once') return { startMs: onceFromMs, endMs: undefined }
  const key = `${period} ${timeZone}`
  const known = found.get(key)
  if (known && known.startMs <= atMs && atMs < known.endMs) return known
  const span = findPeriod(period, timeZone, atMs)
  found.set(key, span)
  return span
}

/** The last one of each kind: to find one takes hundreds of looks at a calendar, and every charge asks. */
const found = new Map<string, { startMs: number; endMs: number }>()

function findPeriod(
  period: Exclude<Period, 'once'>,
  timeZone: string,
  atMs: number,
): { startMs: number; endMs: number } {
  const local = new Date(localMs(timeZone, atMs))
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()]
  const span = (from: number, to: number) => ({
    startMs: startOfDay(timeZone, from),
    endMs: startOfDay(timeZone, to),
  })
  if (period === 'daily') return span(Date.UTC(year, month, day), Date.UTC(year, month, day + 1))
  if (period === 'monthly') return span(Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1))
  const monday = day - ((local.getUTCDay() + 6) % 7)
  return span(Date.UTC(year, month, monday), Date.UTC(year, month, monday + 7))
}
