import { type InsertColumn, insertNewEvents, insertRows } from '@weir/database'
import { usageUnitTable } from '@weir/rating'
import type { EntityManager } from 'typeorm'
import type { HourlySum } from './hourly-sum.js'
import type { RatedAttempt } from './rated-attempt.js'

const iso = (ms: number): string => new Date(ms).toISOString()

const ledgerColumns: InsertColumn<RatedAttempt>[] = [
  { name: 'event_id', type: 'uuid', value: ({ event }) => event.eventId },
  { name: 'request_id', type: 'text', value: ({ event }) => event.requestId },
  { name: 'attempt', type: 'integer', value: ({ event }) => event.attempt },
  { name: 'started_at', type: 'timestamptz', value: ({ startedAt }) => startedAt },
  { name: 'ended_at', type: 'timestamptz', value: ({ endedAt }) => endedAt },
  { name: 'rated_at', type: 'timestamptz', value: ({ ratedAt }) => ratedAt },
  { name: 'organization', type: 'text', value: ({ event }) => event.organization },
  { name: 'team', type: 'text', value: ({ event }) => event.team },
  { name: 'team_path', type: 'text', value: ({ event }) => event.teamPath },
  { name: 'workspace', type: 'text', value: ({ event }) => event.workspace },
  { name: 'workload', type: 'text', value: ({ event }) => event.workload },
  { name: 'virtual_key', type: 'text', value: ({ event }) => event.virtualKey },
  { name: 'endpoint', type: 'text', value: ({ event }) => event.endpoint },
  { name: 'model', type: 'text', value: ({ event }) => event.model },
  { name: 'provider_model', type: 'text', value: ({ event }) => event.providerModel },
  { name: 'provider', type: 'text', value: ({ event }) => event.provider },
  { name: 'provider_id', type: 'text', value: ({ event }) => event.providerId },
  { name: 'price_id', type: 'text', value: ({ event }) => event.priceId },
  { name: 'outcome', type: 'text', value: ({ event }) => event.outcome },
  { name: 'upstream_status', type: 'integer', value: ({ event }) => event.upstreamStatus },
  { name: 'error_code', type: 'text', value: ({ event }) => event.errorCode },
  { name: 'streamed', type: 'boolean', value: ({ event }) => event.streamed },
  { name: 'usage_source', type: 'text', value: ({ event }) => event.usageSource },
  { name: 'service_tier', type: 'text', value: ({ event }) => event.serviceTier ?? null },
  { name: 'deployment', type: 'text', value: ({ event }) => event.deployment ?? null },
  { name: 'repository', type: 'text', value: ({ event }) => event.repository ?? null },
  ...usageUnitTable.map(({ field, bucket }) => ({
    name: field,
    type: 'integer',
    value: ({ event }: RatedAttempt) => event[bucket] ?? null,
  })),
  { name: 'first_byte_ms', type: 'integer', value: ({ event }) => event.firstByteMs },
  { name: 'duration_ms', type: 'integer', value: ({ event }) => event.durationMs },
  { name: 'rating_status', type: 'text', value: ({ status }) => status },
  { name: 'cost_nano_usd', type: 'numeric', value: ({ costNanoUsd }) => costNanoUsd?.toString() ?? null },
]

const sumColumns: InsertColumn<HourlySum>[] = [
  { name: 'start', type: 'timestamptz', value: (sum) => iso(sum.startMs) },
  { name: 'dimensions', type: 'uuid', value: (sum) => sum.dimensions },
  { name: 'organization', type: 'text', value: (sum) => sum.organization },
  { name: 'team', type: 'text', value: (sum) => sum.team },
  { name: 'workspace', type: 'text', value: (sum) => sum.workspace },
  { name: 'workload', type: 'text', value: (sum) => sum.workload },
  { name: 'model', type: 'text', value: (sum) => sum.model },
  { name: 'provider', type: 'text', value: (sum) => sum.provider },
  { name: 'virtual_key', type: 'text', value: (sum) => sum.virtualKey },
]

const figureColumns: InsertColumn<HourlySum>[] = [
  { name: 'requests', type: 'bigint', value: (sum) => sum.requests },
  { name: 'attempts', type: 'bigint', value: (sum) => sum.attempts },
  ...usageUnitTable.map(({ field, bucket }) => ({
    name: field,
    type: 'bigint',
    value: (sum: HourlySum) => sum[bucket],
  })),
  { name: 'unpriced_attempts', type: 'bigint', value: (sum) => sum.unpricedAttempts },
  { name: 'cost_nano_usd', type: 'numeric', value: (sum) => sum.costNanoUsd.toString() },
]

const addUp = `ON CONFLICT (start, dimensions) DO UPDATE SET
  ${figureColumns.map(({ name }) => `${name} = usage_hourly.${name} + EXCLUDED.${name}`).join(', ')}`

/** Adds the attempts that the ledger does not have yet, and gives them. */
export function insertNewAttempts(manager: EntityManager, attempts: RatedAttempt[]): Promise<RatedAttempt[]> {
  return insertNewEvents(manager, 'ledger', ledgerColumns, attempts, ({ event }) => event.eventId)
}

/** Adds to the hourly sums, in the order given. */
export async function addHourlySums(manager: EntityManager, sums: HourlySum[]): Promise<void> {
  if (sums.length === 0) return
  const { insert, values } = insertRows('usage_hourly', [...sumColumns, ...figureColumns], sums)
  await manager.query(`${insert} ${addUp}`, values)
}
