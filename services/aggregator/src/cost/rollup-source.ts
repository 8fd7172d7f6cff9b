import { type Period, usageFigures, type UsageInterval } from '@weir/http'
import { nextStart, startOf } from '../rollup/interval.js'

const finer = { month: 'day', day: 'hour' } as const

/** A stretch of whole intervals of one kind; milliseconds since 1970. */
interface Segment {
  interval: UsageInterval
  startMs: number
  endMs: number
}

/**
 * Cuts a period of whole hours into the longest intervals that fit: months in the middle, days
 * beside them, hours at the edges. Fewer rows are read, and the sums are the same.
 */
export function segments(coarsest: UsageInterval, startMs: number, endMs: number): Segment[] {
  if (startMs >= endMs) return []
  if (coarsest === 'hour') return [{ interval: 'hour', startMs, endMs }]
  const innerStartMs = nextStart(coarsest, startMs)
  const innerEndMs = startOf(coarsest, endMs)
  if (innerStartMs >= innerEndMs) return segments(finer[coarsest], startMs, endMs)
  return [
    ...segments(finer[coarsest], startMs, innerStartMs),
    { interval: coarsest, startMs: innerStartMs, endMs: innerEndMs },
    ...segments(finer[coarsest], innerEndMs, endMs),
  ]
}

interface RollupSourceOptions {
  /** Whole hours. */
  period: Period
  /** Intervals of the report; rows must not be longer. Absent: the period is one. */
  interval: UsageInterval | undefined
  includeDescendants: boolean
}

/** What a report of the period reads from, as SQL. The only text in it that varies are times made here. */
export function rollupSource({ period, interval, includeDescendants }: RollupSourceOptions): string {
  const stretches = segments(interval ?? 'month', period.start.getTime(), period.end.getTime()).map(
    ({ interval, startMs, endMs }) =>
      `(interval = '${interval}' AND start >= '${iso(startMs)}' AND start < '${iso(endMs)}')`,
  )
  const where = `WHERE ${stretches.join(' OR ') || 'false'}`
  if (!includeDescendants) return `(SELECT * FROM rollup ${where}) AS source`
  // Every attempt once for each team that it counts for, under that team's name.
  return `(
    SELECT of_team.team, start, organization, workspace, workload, model, provider, virtual_key,
      ${usageFigures.join(', ')}, cost_nano_usd
    FROM rollup CROSS JOIN LATERAL unnest(
      CASE WHEN team_path = '' THEN ARRAY[team] ELSE string_to_array(team_path, '/') COLLATE "C" END
    ) AS of_team(team) ${where}
  ) AS source`
}

const iso = (ms: number): string => new Date(ms).toISOString()
