import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger'
import { PageOf, UsageFigures, UsageFilterQuery, ValuesField } from '@weir/http'
import { formatUsd, type UsageField, usageUnitTable } from '@weir/rating'
import type { LedgerEntry } from '../ledger/ledger-entry.entity.js'

/** Which attempts to show. */
export class RequestLogQuery extends UsageFilterQuery {
  @ValuesField(
    'Only attempts that ended so: succeeded, failed, timed_out, cut, client_closed, interrupted, cached.',
  )
  outcome?: string[]

  @ValuesField('Only attempts of the request with this id.')
  request_id?: string[]
}

const Text = (description: string): PropertyDecorator => ApiProperty({ type: String, description })
const Time = (description: string): PropertyDecorator =>
  ApiProperty({ type: String, format: 'date-time', description })
const Count = (description: string): PropertyDecorator => ApiProperty({ type: 'integer', description })
const OptionalText = (description: string, options: ApiPropertyOptions = {}): PropertyDecorator =>
  ApiProperty({ type: String, nullable: true, description, ...options })

/** One attempt of a request: who, what, how much, how it ended. Never what was said. */
export class AttemptResponse extends UsageFigures {
  @Text('Unique id of the attempt, a UUID; the `event_id` on the topics.')
  event_id: string

  @Text("Id of the request that it belongs to: the reply's `x-request-id`.")
  request_id: string

  @Count('1 for the first attempt of the request.')
  attempt: number

  @Time('When the provider was called.')
  started_at: string

  @Time('When it ended.')
  ended_at: string

  @Text('Organization id.')
  organization: string

  @Text('Team (business unit) that pays.')
  team: string

  @Text('The line of parents of the team at that time, from the top down to itself, separated by "/".')
  team_path: string

  @Text('Workspace id.')
  workspace: string

  @OptionalText('Workload id; null: none.')
  workload: string | null

  @Text('Virtual key id.')
  virtual_key: string

  @Text(
    'The endpoint that was called: chat, completions, responses, messages, embeddings, images, speech, ' +
      'transcriptions, moderations, rerank.',
  )
  endpoint: string

  @Text('Public name of the model.')
  model: string

  @Text('What the provider calls it.')
  provider_model: string

  @Text("Provider's name.")
  provider: string

  @Text('Provider id.')
  provider_id: string

  @OptionalText('Price that was in force; null: the model is free.')
  price_id: string | null

  @Text(
    'succeeded, failed, timed_out, cut (the stream broke off), client_closed, interrupted (the gateway stopped), cached (an answer given again).',
  )
  outcome: string

  @OptionalText("Status of the provider's answer; null: none came.", { type: 'integer' })
  upstream_status: number | null

  @OptionalText('Code of the error that the caller saw; null: none.')
  error_code: string | null

  @ApiProperty({ description: 'Answered as a stream.' })
  streamed: boolean

  @Text('reported (by the provider), estimated (from what was sent and generated), none (nothing was).')
  usage_source: string

  @OptionalText(
    'Level of service that the provider served it at, when it is priced apart: batch, fast, flex, priority; null: as usual.',
  )
  service_tier: string | null

  @OptionalText('Name of the deployment that the request was sent to; null: it named a model.')
  deployment: string | null

  @OptionalText('Name of the repository below which the request was sent; null: none.')
  repository: string | null

  @OptionalText('Milliseconds from the call to the first byte of the answer; null: none came.', {
    type: 'integer',
  })
  first_byte_ms: number | null

  @Count('Milliseconds from the call to its end.')
  duration_ms: number

  @ApiProperty({ enum: ['rated', 'free', 'unpriced'], description: 'Whether the cost is known.' })
  rating_status: string

  @OptionalText('Cost in dollars, exact; null: unpriced.', { example: '0.000012500' })
  cost_usd: string | null
}

/** A page of the request log. */
export class RequestLogPage extends PageOf(AttemptResponse) {}

export function toResponse(entry: LedgerEntry): AttemptResponse {
  const { cost_nano_usd, rated_at: _, ...row } = entry
  const used = usageUnitTable.map(({ field }) => [field, entry[field] ?? 0])
  return {
    ...row,
    ...(Object.fromEntries(used) as Record<UsageField, number>),
    started_at: entry.started_at.toISOString(),
    ended_at: entry.ended_at.toISOString(),
    workload: entry.workload || null,
    price_id: entry.price_id || null,
    upstream_status: entry.upstream_status || null,
    error_code: entry.error_code || null,
    first_byte_ms: entry.first_byte_ms || null,
    cost_usd: cost_nano_usd === null ? null : formatUsd(BigInt(cost_nano_usd)),
  }
}
