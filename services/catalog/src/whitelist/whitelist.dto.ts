import { ApiProperty } from '@nestjs/swagger'
import { IntegerField, PageQuery, SwitchField, TextField, TimeField, UnchangeableField } from '@weir/http'
import type { WhitelistEntry } from './whitelist-entry.entity.js'

const maxPerMinute = 2_000_000_000
const available = { description: 'May be used. Left out: true.', optional: 'not null' } as const

/** A workspace's own terms for a model. */
export class WhitelistTermsDto {
  @SwitchField(available)
  available?: boolean

  @TimeField({ description: 'May be used from then on, RFC 3339. Left out: at once.', optional: true })
  available_from?: string | null

  @TimeField({ description: 'May not be used from then on, RFC 3339. Left out: never.', optional: true })
  available_until?: string | null

  @IntegerField({
    description: 'Requests per minute of the workspace with this model.',
    optional: true,
    min: 1,
    max: maxPerMinute,
  })
  rpm_limit?: number | null

  @IntegerField({
    description: 'Tokens per minute of the workspace with this model.',
    optional: true,
    min: 1,
    max: maxPerMinute,
  })
  tpm_limit?: number | null

  @IntegerField({
    description:
      'Output tokens that a request may ask for. A request that asks for more is refused; one that does not say gets this limit.',
    optional: true,
    min: 1,
    max: maxPerMinute,
  })
  max_output_tokens?: number | null
}

export class CreateWhitelistEntryDto extends WhitelistTermsDto {
  @TextField({ description: 'Model: id or name.', maxLength: 200, example: 'gpt-4o-mini' })
  model: string
}

export class UpdateWhitelistEntryDto extends WhitelistTermsDto {
  @UnchangeableField('make an entry for the other model instead')
  model?: never
}

export class ListWhitelistQuery extends PageQuery {}

export class WhitelistEntryResponse {
  @ApiProperty({ description: 'Its id.', example: 'wl_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Id of the workspace.', example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  workspace: string

  @ApiProperty({ description: 'Name of the model, as callers write it.', example: 'gpt-4o-mini' })
  model: string

  @ApiProperty({ description: 'Id of the model.', example: 'model_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  model_id: string

  @ApiProperty({ description: 'Refused while false.' })
  available: boolean

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'Refused before.' })
  available_from: string | null

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'Refused from then on.' })
  available_until: string | null

  @ApiProperty({ type: 'integer', nullable: true, description: 'Requests per minute of the workspace.' })
  rpm_limit: number | null

  @ApiProperty({ type: 'integer', nullable: true, description: 'Tokens per minute of the workspace.' })
  tpm_limit: number | null

  @ApiProperty({ type: 'integer', nullable: true, description: 'Output tokens that a request may ask for.' })
  max_output_tokens: number | null

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

/** An entry with the name of its model. */
export interface ShownEntry {
  entry: WhitelistEntry
  modelName: string
}

export function toResponse({ entry, modelName }: ShownEntry): WhitelistEntryResponse {
  return {
    id: entry.id,
    workspace: entry.workspace,
    model: modelName,
    model_id: entry.model,
    available: entry.available,
    available_from: entry.availableFrom?.toISOString() ?? null,
    available_until: entry.availableUntil?.toISOString() ?? null,
    rpm_limit: entry.rpmLimit,
    tpm_limit: entry.tpmLimit,
    max_output_tokens: entry.maxOutputTokens,
    created_at: entry.createdAt.toISOString(),
    updated_at: entry.updatedAt.toISOString(),
  }
}
