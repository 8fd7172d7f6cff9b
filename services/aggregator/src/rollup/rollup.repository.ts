import { type InsertColumn, insertNewEvents, insertRows } from '@weir/database'
import type { UsageInterval } from '@weir/http'
import { type UsageField, type UsageSum, usageUnitTable } from '@weir/rating'
import type { EntityManager } from 'typeorm'
import type { RatedUsage } from './rated-usage.js'
import type { BusinessUnitRollup, Rollup } from './roll-up.js'

const iso = (ms: number): string => new Date(ms).toISOString()

const figureColumns: InsertColumn<UsageSum>[] = [
  { name: 'requests', type: 'bigint', value: (sum) => sum.requests },
  { name: 'attempts', type: 'bigint', value: (sum) => sum.attempts },
  ...usageUnitTable.map(({ field, bucket }) => ({
    name: field,
    type: 'bigint',
    value: (sum: UsageSum) => sum[bucket],
  })),
  { name: 'unpriced_attempts', type: 'bigint', value: (sum) => sum.unpricedAttempts },
  { name: 'cost_nano_usd', type: 'numeric', value: (sum) => sum.costNanoUsd.toString() },
]

const rollupColumns: InsertColumn<Rollup>[] = [
  { name: 'interval', type: 'rollup_interval', value: (rollup) => rollup.interval },
  { name: 'start', type: 'timestamptz', value: (rollup) => iso(rollup.startMs) },
  { name: 'dimensions', type: 'uuid', value: (rollup) => rollup.dimensions },
  { name: 'organization', type: 'text', value: (rollup) => rollup.organization },
  { name: 'team', type: 'text', value: (rollup) => rollup.team },
  { name: 'team_path', type: 'text', value: (rollup) => rollup.teamPath },
  { name: 'workspace', type: 'text', value: (rollup) => rollup.workspace },
  { name: 'workload', type: 'text', value: (rollup) => rollup.workload },
  { name: 'model', type: 'text', value: (rollup) => rollup.model },
  { name: 'provider', type: 'text', value: (rollup) => rollup.provider },
  { name: 'virtual_key', type: 'text', value: (rollup) => rollup.virtualKey },
  ...figureColumns,
]

const businessUnitSums: InsertColumn<BusinessUnitRollup>[] = [
  ...figureColumns,
  {
    name: 'cost_with_descendants_nano_usd',
    type: 'numeric',
    value: (rollup) => rollup.costWithDescendantsNanoUsd.toString(),
  },
]

const businessUnitColumns: InsertColumn<BusinessUnitRollup>[] = [
  { name: 'organization', type: 'text', value: (rollup) => rollup.organization },
  { name: 'team', type: 'text', value: (rollup) => rollup.team },
  { name: 'interval', type: 'rollup_interval', value: (rollup) => rollup.interval },
  { name: 'start', type: 'timestamptz', value: (rollup) => iso(rollup.startMs) },
  { name: 'team_path', type: 'text', value: (rollup) => rollup.teamPath },
  { name: 'path_seen_at', type: 'timestamptz', value: (rollup) => iso(rollup.pathSeenAtMs) },
  { name: 'revision', type: 'bigint', value: () => 1 },
  ...businessUnitSums,
]

const addUp = (table: string, columns: { name: string }[]): string =>
  columns.map(({ name }) => `${name} = ${table}.${name} + EXCLUDED.${name}`).join(', ')

const appliedColumns: InsertColumn<RatedUsage>[] = [
  { name: 'event_id', type: 'uuid', value: ({ event }) => event.eventId },
]

const addToRollups = `ON CONFLICT (interval, start, dimensions) DO UPDATE SET ${addUp('rollup', figureColumns)}`

const addToBusinessUnits = `ON CONFLICT (organization, team, interval, start) DO UPDATE SET
    revision = own.revision + 1,
    ${addUp('own', businessUnitSums)},
    team_path = CASE WHEN EXCLUDED.path_seen_at >= own.path_seen_at THEN EXCLUDED.team_path ELSE own.team_path END,
    path_seen_at = GREATEST(own.path_seen_at, EXCLUDED.path_seen_at)
  RETURNING *`

/** A row of business_unit_rollup; 64-bit numbers and numerics are decimal text. */
export interface BusinessUnitRow extends Record<UsageField, string> {
  organization: string
  team: string
  interval: UsageInterval
  start: Date
  team_path: string
  revision: string
  requests: string
  attempts: string
  cost_nano_usd: string
  cost_with_descendants_nano_usd: string
}

/** Marks usage as applied and gives what was not yet. */
export function markApplied(manager: EntityManager, usages: RatedUsage[]): Promise<RatedUsage[]> {
  return insertNewEvents(manager, 'applied_event', appliedColumns, usages, ({ event }) => event.eventId)
}

/** Adds to the rollups, in the order given. */
export async function addRollups(manager: EntityManager, rollups: Rollup[]): Promise<void> {
  if (rollups.length === 0) return
  const { insert, values } = insertRows('rollup', rollupColumns, rollups)
  await manager.query(`${insert} ${addToRollups}`, values)
}

/** Adds to the rollups of business units, in the order given, and gives them as they are then. */
export async function addBusinessUnits(
  manager: EntityManager,
  rollups: BusinessUnitRollup[],
): Promise<BusinessUnitRow[]> {
  if (rollups.length === 0) return []
  const { insert, values } = insertRows('business_unit_rollup AS own', businessUnitColumns, rollups)
  return manager.query<BusinessUnitRow[]>(`${insert} ${addToBusinessUnits}`, values)
}
