import { waitFor } from '@weir/testing'
import type { Management } from './management.js'

/** A row of `/v1/requests`. */
export interface Attempt {
  event_id: string
  request_id: string
  team: string
  team_path: string
  workspace: string
  workload: string | null
  virtual_key: string
  model: string
  provider_model: string
  provider: string
  outcome: string
  upstream_status: number | null
  error_code: string | null
  streamed: boolean
  usage_source: string
  input_tokens: number
  cached_input_tokens: number
  cache_write_tokens: number
  output_tokens: number
  reasoning_tokens: number
  first_byte_ms: number | null
  duration_ms: number
  rating_status: string
  cost_usd: string | null
}

/** A row of `/v1/usage` and `/v1/costs`. */
export interface ReportRow {
  start: string
  team?: string | null
  workload?: string | null
  workspace?: string | null
  model?: string | null
  provider?: string | null
  key?: string | null
  requests: number
  attempts: number
  input_tokens: number
  cached_input_tokens: number
  output_tokens: number
  reasoning_tokens: number
  cost_usd: string
}

/** A period that surely contains now. */
export function around(): { start: string; end: string } {
  const day = (offset: number): string =>
    new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
  return { start: day(-1), end: day(2) }
}

/** Attempts in the ledger that match filters, such as `{ key: virtualKey.id }`. */
export function listAttempts(management: Management, filters: Record<string, string>): Promise<Attempt[]> {
  return management.list<Attempt>('/v1/requests', { ...around(), ...filters })
}

/** Waits until the ledger has as many attempts as wanted, and gives them back. */
export function waitForAttempts(
  management: Management,
  filters: Record<string, string>,
  count = 1,
): Promise<Attempt[]> {
  return waitFor(
    async () => {
      const attempts = await listAttempts(management, filters)
      return attempts.length >= count ? attempts : undefined
    },
    { timeoutMs: 10_000, intervalMs: 50, what: `${count} attempts of ${JSON.stringify(filters)}` },
  )
}

/** Waits for the one attempt of a request. */
export async function waitForAttempt(management: Management, requestId: unknown): Promise<Attempt> {
  const [attempt] = await waitForAttempts(management, { request_id: String(requestId) })
  if (!attempt) throw new Error('There is none.')
  return attempt
}

/** Rows of a report, cut up by dimensions. */
export function report(
  management: Management,
  path: '/v1/usage' | '/v1/costs',
  groupBy: string,
  filters: Record<string, string> = {},
): Promise<ReportRow[]> {
  return management.list<ReportRow>(path, { ...around(), group_by: groupBy, ...filters })
}
