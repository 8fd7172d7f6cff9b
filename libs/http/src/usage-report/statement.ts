import type { Caller } from '../principal.js'
import { decodeCursor, invalidCursor, type Page, toPage } from '../page.js'
import { type UsageDimension, usageDimensionNames, usageDimensions, usageFigures } from './dimension.js'
import { formatStart, periodOf, wholeHours } from './period.js'
import { parseMoment, type UsageFilterQuery } from './usage-filter.dto.js'
import type { UsageReportQuery, UsageReportRow } from './usage-report.dto.js'

/** Conditions of a statement, and the values of their parameters. */
export class Conditions {
  readonly values: unknown[] = []
  private readonly texts: string[] = []

  /** Adds a value and gives its placeholder. */
  value(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  add(text: string): void {
    this.texts.push(text)
  }

  /** Adds the filters of a query by dimension. */
  addFilters(query: UsageFilterQuery): void {
    for (const name of usageDimensionNames) {
      const allowed = query[name]
      if (allowed) this.add(`${usageDimensions[name].column} = ANY(${this.value(allowed)}::text[])`)
    }
  }

  toString(): string {
    return this.texts.length > 0 ? this.texts.join(' AND ') : 'true'
  }
}

interface GroupKey {
  name: string
  expression: string
  type: 'timestamptz' | 'text'
}

/** The group after which to go on. Checked, since the database fails on a time that is none. */
function readCursor(cursor: string, keys: GroupKey[]): string[] {
  const values = decodeCursor(cursor, keys.length)
  const isGood = keys.every(({ type }, index) => type === 'text' || parseMoment(values[index] ?? ''))
  if (!isGood) throw invalidCursor()
  return values
}

/** A row as PostgreSQL gives it. */
export type SqlRow = Record<string, string | Date>

/** A report, ready to run: the same for /v1/usage and /v1/costs, so that they cannot drift apart. */
export interface UsageReport {
  text: string
  values: unknown[]
  /** `formatCost` writes nano-dollars as dollars. */
  toPage(rows: SqlRow[], formatCost: (nanoUsd: bigint) => string): Page<UsageReportRow>
}

interface UsageReportOptions {
  caller: Caller
  query: UsageReportQuery
  /**
   * What stands after FROM: columns for the organization, the dimensions and figures, `start` (of
   * the hour, or of a longer interval that the period is made of) and `cost_nano_usd`.
   */
  source: string
  now?: Date
}

/** Makes the statement of a report. */
export function usageReport({ caller, query, source, now = new Date() }: UsageReportOptions): UsageReport {
  const { interval, group_by: groupBy = [], limit = 100 } = query
  const period = wholeHours(periodOf(query, now))
  const conditions = new Conditions()
  conditions.add(`start >= ${conditions.value(period.start)} AND start < ${conditions.value(period.end)}`)
  conditions.add(`organization = ${conditions.value(caller.organization)}`)
  if (caller.visible) conditions.add(`workspace = ANY(${conditions.value(caller.visible)}::text[])`)
  conditions.addFilters(query)

  const keys: GroupKey[] = [
    ...(interval
      ? [
          {
            name: 'start',
            expression: `date_trunc('${interval}', start, 'UTC')`,
            type: 'timestamptz' as const,
          },
        ]
      : []),
    ...groupBy.map((name) => ({ name, expression: usageDimensions[name].column, type: 'text' as const })),
  ]
  if (query.cursor !== undefined) {
    const after = readCursor(query.cursor, keys)
    const left = keys.map((key) => key.expression).join(', ')
    const right = keys.map((key, index) => `${conditions.value(after[index])}::${key.type}`).join(', ')
    conditions.add(keys.length === 0 ? 'false' : `(${left}) > (${right})`)
  }

  const columns = [
    ...keys.map((key) => `${key.expression} AS "group_${key.name}"`),
    ...usageFigures.map((figure) => `sum(${figure})::text AS ${figure}`),
    'sum(cost_nano_usd)::text AS cost_nano_usd',
  ]
  const expressions = keys.map((key) => key.expression).join(', ')
  const text = [
    `SELECT ${columns.join(', ')} FROM ${source} WHERE ${conditions.toString()}`,
    keys.length > 0 ? `GROUP BY ${expressions}` : '',
    'HAVING sum(attempts) > 0',
    keys.length > 0 ? `ORDER BY ${expressions}` : '',
    `LIMIT ${limit + 1}`,
  ].join(' ')

  const keyText = (row: SqlRow, name: string): string => {
    const value = row[`group_${name}`]
    return value instanceof Date ? value.toISOString() : (value ?? '')
  }
  const toResponse = (row: SqlRow, formatCost: (nanoUsd: bigint) => string): UsageReportRow => {
    const dimensions = groupBy.map((name): [UsageDimension, string | null] => [
      name,
      keyText(row, name) || null,
    ])
    const figures = Object.fromEntries(usageFigures.map((figure) => [figure, Number(row[figure])]))
    const { unpriced_attempts, ...counts } = figures as Record<(typeof usageFigures)[number], number>
    return {
      start: formatStart(interval ? new Date(keyText(row, 'start')) : period.start),
      ...(interval && { interval }),
      ...Object.fromEntries(dimensions),
      ...counts,
      cost_usd: formatCost(BigInt(String(row['cost_nano_usd']))),
      unpriced_attempts,
    }
  }
  return {
    text,
    values: conditions.values,
    toPage: (rows, formatCost) =>
      toPage(rows, {
        limit,
        cursor: (row) => keys.map((key) => keyText(row, key.name)),
        toResponse: (row) => toResponse(row, formatCost),
      }),
  }
}
