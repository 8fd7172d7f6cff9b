import type { BusinessUnitCostRolledUp, RequestSettled, UsageRated } from '@weir/contracts'
import type { UsageCounts, UsageField } from '@weir/rating'
import type { ReportRow } from '../stack/accounting.js'
import type { ClientOutcome } from './client.js'
import type { ChaosModel } from './organization.js'
import type { UpstreamCall } from './upstream-process.js'

/** A row of the ledger, as far as it is judged. */
export interface LedgerRow extends UsageCounts {
  eventId: string
  requestId: string
  attempt: number
  startedAtMs: number
  team: string
  teamPath: string
  workspace: string
  workload: string
  model: string
  provider: string
  virtualKey: string
  outcome: string
  upstreamStatus: number
  streamed: boolean
  usageSource: string
  ratingStatus: string
  /** Undefined: unpriced. */
  costNanoUsd: bigint | undefined
}

/** A row of a report over all dimensions. */
export type FullReportRow = ReportRow & { cache_write_tokens: number; unpriced_attempts: number } & Partial<
    Record<UsageField, number>
  >

/** Intervals that there are rollups of. */
export const intervals = ['hour', 'day', 'month'] as const
export type Interval = (typeof intervals)[number]

/** Everything that was counted, each where it was counted independently of the others. */
export interface Evidence {
  models: ChaosModel[]
  clients: ClientOutcome[]
  upstream: UpstreamCall[]
  ledger: LedgerRow[]
  /** Whole topics, copies included, in order. */
  requestSettled: RequestSettled[]
  usageRated: UsageRated[]
  rolledUp: BusinessUnitCostRolledUp[]
  /** Messages that were set aside, on any topic. */
  deadLetters: number
  /** `/v1/usage` by hour and all dimensions. */
  usage: FullReportRow[]
  /** `/v1/costs` by each interval and all dimensions. */
  costs: Record<Interval, FullReportRow[]>
  /** `/v1/costs` by team, with all below it. */
  costsWithDescendants: Record<Interval, FullReportRow[]>
  /** Rows in each gateway's journal. */
  journals: Record<string, number>
}
