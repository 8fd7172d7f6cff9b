import type { UsageField } from '@weir/rating'
import { Column, Entity, PrimaryColumn } from 'typeorm'
import type { RatingStatus } from './rated-attempt.js'

/** A row of the ledger as it is read; ledger.repository.ts writes them. */
@Entity('ledger')
export class LedgerEntry implements Record<UsageField, number | null> {
  @PrimaryColumn('uuid')
  event_id: string

  @Column('text')
  request_id: string

  @Column('integer')
  attempt: number

  @Column('timestamptz')
  started_at: Date

  @Column('timestamptz')
  ended_at: Date

  @Column('timestamptz')
  rated_at: Date

  @Column('text')
  organization: string

  @Column('text')
  team: string

  @Column('text')
  team_path: string

  @Column('text')
  workspace: string

  @Column('text')
  workload: string

  @Column('text')
  virtual_key: string

  @Column('text')
  endpoint: string

  @Column('text')
  model: string

  @Column('text')
  provider_model: string

  @Column('text')
  provider: string

  @Column('text')
  provider_id: string

  @Column('text')
  price_id: string

  @Column('text')
  outcome: string

  @Column('integer')
  upstream_status: number

  @Column('text')
  error_code: string

  @Column('boolean')
  streamed: boolean

  @Column('text')
  usage_source: string

  @Column('integer')
  input_tokens: number

  @Column('integer')
  cached_input_tokens: number

  @Column('integer')
  cache_write_tokens: number

  @Column('integer')
  output_tokens: number

  @Column('integer')
  reasoning_tokens: number

  @Column('integer', { nullable: true })
  cache_write_1h_tokens: number | null

  @Column('integer', { nullable: true })
  audio_input_tokens: number | null

  @Column('integer', { nullable: true })
  cached_audio_input_tokens: number | null

  @Column('integer', { nullable: true })
  audio_output_tokens: number | null

  @Column('integer', { nullable: true })
  image_input_tokens: number | null

  @Column('integer', { nullable: true })
  cached_image_input_tokens: number | null

  @Column('integer', { nullable: true })
  image_output_tokens: number | null

  @Column('integer', { nullable: true })
  video_input_tokens: number | null

  @Column('integer', { nullable: true })
  video_output_tokens: number | null

  @Column('integer', { nullable: true })
  citation_tokens: number | null

  @Column('integer', { nullable: true })
  images: number | null

  @Column('integer', { nullable: true })
  characters: number | null

  @Column('integer', { nullable: true })
  audio_seconds: number | null

  @Column('integer', { nullable: true })
  searches: number | null

  @Column('integer', { nullable: true })
  web_searches: number | null

  @Column('integer', { nullable: true })
  file_searches: number | null

  @Column('integer', { nullable: true })
  charged_requests: number | null

  /** Null: as usual. */
  @Column('text', { nullable: true })
  service_tier: string | null

  /** Name; null: the request named a model. */
  @Column('text', { nullable: true })
  deployment: string | null

  /** Name; null: none. */
  @Column('text', { nullable: true })
  repository: string | null

  @Column('integer')
  first_byte_ms: number

  @Column('integer')
  duration_ms: number

  @Column('text')
  rating_status: RatingStatus

  /** Decimal text of a whole number; null when unpriced. */
  @Column('numeric', { nullable: true })
  cost_nano_usd: string | null
}
