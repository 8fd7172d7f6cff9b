import {
  addAttempt,
  emptySum,
  formatUsd,
  parseUsd,
  type UsageBucket,
  type UsageField,
  type UsageSum,
  usageUnitTable,
} from '@weir/rating'
import type { Evidence, FullReportRow, Interval, LedgerRow } from './evidence.js'
import { intervals } from './evidence.js'

/** Figures by what they are of; both as text, so that a difference can be shown as it is. */
export type Figures = Map<string, string>

/** Each group where two ways of counting differ, with both figures. */
export function differences(expected: Figures, found: Figures): string[] {
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((group) => expected.get(group) !== found.get(group))
    .map(
      (group) => `${group}: ${found.get(group) ?? 'nothing'}, should be ${expected.get(group) ?? 'nothing'}`,
    )
}

/** The ledger added up by interval and all dimensions. */
export function sumByDimensions(ledger: LedgerRow[], interval: Interval): Figures {
  return addUp(
    ledger.map((row) => ({
      row,
      group: groupOf(startOf(interval, row.startedAtMs), [
        row.team,
        row.workload,
        row.workspace,
        row.model,
        row.provider,
        row.virtualKey,
      ]),
    })),
  )
}

/** A report over all dimensions, in the same form. */
export function reportedSums(rows: FullReportRow[]): Figures {
  return new Map(
    rows.map((row) => [
      groupOf(row.start, [row.team, row.workload, row.workspace, row.model, row.provider, row.key]),
      figuresOf(sumOf(row)),
    ]),
  )
}

/** The ledger added up by interval and team, each attempt for every team above its own too. */
export function totalsWithDescendants(ledger: LedgerRow[], interval: Interval): Figures {
  return addUp(
    ledger.flatMap((row) =>
      row.teamPath
        .split('/')
        .map((team) => ({ row, group: groupOf(startOf(interval, row.startedAtMs), [team]) })),
    ),
  )
}

/** A report by team, in the same form. */
export function reportedTotals(rows: FullReportRow[]): Figures {
  return new Map(rows.map((row) => [groupOf(row.start, [row.team]), figuresOf(sumOf(row))]))
}

/** What each business unit has come to in each interval: its own figures, and its cost with all below. */
export function businessUnitSums(ledger: LedgerRow[]): Figures {
  const units = new Map<string, { own: UsageSum; costWithDescendantsNanoUsd: bigint }>()
  for (const row of ledger) {
    for (const interval of intervals) {
      for (const team of row.teamPath.split('/')) {
        const group = groupOf(startOf(interval, row.startedAtMs), [interval, team])
        const unit = units.get(group) ?? { own: emptySum(), costWithDescendantsNanoUsd: 0n }
        units.set(group, unit)
        if (team === row.team) addAttempt(unit.own, row, row.costNanoUsd)
        unit.costWithDescendantsNanoUsd += row.costNanoUsd ?? 0n
      }
    }
  }
  return new Map(
    [...units].map(([group, { own, costWithDescendantsNanoUsd }]) => [
      group,
      `${figuresOf(own)}, with those below ${formatUsd(costWithDescendantsNanoUsd)}`,
    ]),
  )
}

type RolledUp = Evidence['rolledUp'][number]

/** What a compacted topic keeps: of each key the message that came last. */
export function lastOfEachKey(events: RolledUp[]): Map<string, RolledUp> {
  return new Map(
    events.map((event) => [`${event.organization}/${event.team}/${event.interval}/${event.start}`, event]),
  )
}

/** Messages of business units, in the same form as their sums. */
export function reportedBusinessUnits(last: Map<string, RolledUp>): Figures {
  return new Map(
    [...last.values()].map((event) => [
      groupOf(event.start, [event.interval, event.team]),
      `${figuresOf({ ...event, ...countsOf((bucket) => event[bucket] ?? 0), unpricedAttempts: 0, costNanoUsd: parseUsd(event.cost) })}, with those below ${event.costWithDescendants}`,
    ]),
  )
}

/** Attempts and cost of reports taken together. */
export function totalOf(rows: FullReportRow[]): { attempts: number; costNanoUsd: bigint } {
  return {
    attempts: rows.reduce((sum, { attempts }) => sum + attempts, 0),
    costNanoUsd: rows.reduce((sum, { cost_usd: cost }) => sum + parseUsd(cost), 0n),
  }
}

function addUp(entries: { row: LedgerRow; group: string }[]): Figures {
  const sums = new Map<string, UsageSum>()
  for (const { row, group } of entries) {
    const sum = sums.get(group) ?? emptySum()
    sums.set(group, sum)
    addAttempt(sum, row, row.costNanoUsd)
  }
  return new Map([...sums].map(([group, sum]) => [group, figuresOf(sum)]))
}

function sumOf(row: FullReportRow): UsageSum {
  return {
    requests: row.requests,
    attempts: row.attempts,
    unpricedAttempts: row.unpriced_attempts,
    ...countsOf((_bucket, field) => row[field] ?? 0),
    costNanoUsd: parseUsd(row.cost_usd),
  }
}

function countsOf(read: (bucket: UsageBucket, field: UsageField) => number): Record<UsageBucket, number> {
  const counts = usageUnitTable.map(({ bucket, field }) => [bucket, read(bucket, field)] as const)
  return Object.fromEntries(counts) as Record<UsageBucket, number>
}

function figuresOf(sum: UsageSum): string {
  const { requests, attempts, unpricedAttempts } = sum
  const counts = usageUnitTable.map(({ bucket }) => sum[bucket])
  return `${requests} requests, ${attempts} attempts (${unpricedAttempts} unpriced), ${counts.join('+')} used, ${formatUsd(sum.costNanoUsd)}`
}

/** Starts are compared as times: 00:00:00Z and 00:00:00.000Z are one. */
function groupOf(start: string, names: (string | null | undefined)[]): string {
  return [new Date(start).toISOString(), ...names.map((name) => name || '-')].join(' ')
}

function startOf(interval: Interval, timeMs: number): string {
  const text = new Date(timeMs).toISOString()
  const lengths: Record<Interval, number> = { hour: 13, day: 10, month: 7 }
  const rest = '0000-01-01T00:00:00.000Z'
  return text.slice(0, lengths[interval]) + rest.slice(lengths[interval])
}
