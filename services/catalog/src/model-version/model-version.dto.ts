import { ApiProperty } from '@nestjs/swagger'
import { Field, IntegerField, ObjectField, PageQuery, TextField } from '@weir/http'
import { findPriceInForce } from '../price/model-prices.js'
import { PricesDto, PricesResponse, toPricesResponse } from '../price/price.dto.js'
import type { Price } from '../price/price.entity.js'
import type { ModelVersion } from './model-version.entity.js'
import { type Share, type VersionChange, versionActions } from './version-change.entity.js'

const maxParametersBytes = 16_384

/** What the request says itself, and what multiplies its cost. */
const reserved = new Set([
  ...['model', 'messages', 'input', 'prompt', 'system', 'contents', 'stream', 'stream_options', 'n'],
])

function checkParameters(value: unknown): string | undefined {
  if (typeof value !== 'object' || Array.isArray(value)) return 'must be an object'
  for (const name of Object.keys(value as object)) {
    if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) return `may not have a field ${JSON.stringify(name)}`
    if (reserved.has(name)) return `may not have the field ${name}, which is the request's own`
  }
  const bytes = Buffer.byteLength(JSON.stringify(value))
  return bytes > maxParametersBytes ? `must have at most ${maxParametersBytes} bytes` : undefined
}

export class CreateModelVersionDto {
  @TextField({
    description: 'What the provider calls it. Left out: as the model’s first version.',
    optional: true,
    maxLength: 200,
    example: 'gpt-4o-mini-2024-07-18',
  })
  provider_model?: string | null

  @Field(
    {
      description: 'Request fields that are set when the caller leaves them out.',
      optional: true,
      example: { temperature: 0.2 },
    },
    { type: Object, additionalProperties: true },
    checkParameters,
  )
  parameters?: object | null

  @ObjectField(
    {
      description:
        'Its own prices. Left out: those of the model; where these come from the public price list, it is asked for this version.',
      optional: true,
    },
    () => PricesDto,
  )
  prices?: PricesDto | null
}

export class CanaryDto {
  @IntegerField({
    description: 'Percent of the requests that it gets; the version that has most keeps the rest.',
    min: 1,
    max: 99,
    example: 5,
  })
  weight: number
}

export class ListModelVersionsQuery extends PageQuery {}

export class ListModelHistoryQuery extends PageQuery {}

export class ModelVersionResponse {
  @ApiProperty({ description: 'Always `model.version`.', enum: ['model.version'] })
  object: 'model.version'

  @ApiProperty({ description: 'Id of the model.', example: 'model_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  model: string

  @ApiProperty({ type: 'integer', description: 'Its number, counted from 1.' })
  version: number

  @ApiProperty({ description: 'What the provider calls it.', example: 'gpt-4o-mini-2024-07-18' })
  provider_model: string

  @ApiProperty({ type: Object, additionalProperties: true, description: 'Request fields that it sets.' })
  parameters: object

  @ApiProperty({ type: 'integer', description: 'Percent of the requests that it gets.' })
  weight: number

  @ApiProperty({
    type: () => PricesResponse,
    nullable: true,
    description: 'Its own price that is in force; null: that of the model holds.',
  })
  prices: PricesResponse | null

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string
}

export class ShareResponse implements Share {
  @ApiProperty({ type: 'integer', description: 'The version.' })
  version: number

  @ApiProperty({ type: 'integer', description: 'Percent of the requests.' })
  weight: number
}

export class ModelTrafficResponse {
  @ApiProperty({ description: 'Always `model.traffic`.', enum: ['model.traffic'] })
  object: 'model.traffic'

  @ApiProperty({ description: 'Id of the model.', example: 'model_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  model: string

  @ApiProperty({ type: [ShareResponse], description: 'The versions that get requests now.' })
  versions: ShareResponse[]
}

export class VersionChangeResponse {
  @ApiProperty({ description: 'What was done.', enum: versionActions })
  action: string

  @ApiProperty({ type: [ShareResponse], description: 'The versions that got requests before.' })
  before: ShareResponse[]

  @ApiProperty({ type: [ShareResponse], description: 'The versions that got requests from then on.' })
  after: ShareResponse[]

  @ApiProperty({ description: 'A roll-back has gone behind it.' })
  undone: boolean

  @ApiProperty({ description: 'Who did it.', example: 'usr_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  actor: string

  @ApiProperty({ description: 'When.', format: 'date-time' })
  at: string
}

/** A version with its own prices. */
export interface ShownVersion {
  version: ModelVersion
  prices: Price[]
}

export function toResponse({ version, prices }: ShownVersion): ModelVersionResponse {
  const price = findPriceInForce(prices)
  return {
    object: 'model.version',
    model: version.model,
    version: version.version,
    provider_model: version.providerModel,
    parameters: version.parameters,
    weight: version.weight,
    prices: price ? toPricesResponse(price) : null,
    created_at: version.createdAt.toISOString(),
  }
}

export function toTrafficResponse(model: string, versions: Share[]): ModelTrafficResponse {
  return { object: 'model.traffic', model, versions }
}

export function toChangeResponse(change: VersionChange): VersionChangeResponse {
  const { action, before, after, undone, actor, createdAt } = change
  return { action, before, after, undone, actor, at: createdAt.toISOString() }
}
