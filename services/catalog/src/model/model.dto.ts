import { ApiProperty } from '@nestjs/swagger'
import { IntegerField, ObjectField, PageQuery, SwitchField, TextField } from '@weir/http'
import { findPriceInForce } from '../price/model-prices.js'
import { PricesDto, PricesResponse, toPricesResponse } from '../price/price.dto.js'
import type { Price } from '../price/price.entity.js'
import type { Provider } from '../provider/provider.entity.js'
import type { Model } from './model.entity.js'

/** Printable ASCII but `*`, which means every model; no segment that a client would resolve as a path; no id. */
const namePattern = /^(?!model_[0-9a-z]{26}$)(?!(?:.*\/)?\.{1,2}(?:\/|$))[\x21-\x29\x2b-\x7e]+$/

const name = {
  description: 'The public name, as callers write it in `model`; unique in the organization.',
  maxLength: 200,
  example: 'gpt-4o-mini',
  pattern: {
    regex: namePattern,
    message:
      'must be printable ASCII without spaces and "*", and may not look like the id of a model or a relative path',
  },
}
const provider = { description: 'Provider that serves it: id or name.', maxLength: 100, example: 'openai' }
const providerModel = {
  description: 'What the provider calls it.',
  maxLength: 200,
  example: 'gpt-4o-mini-2024-07-18',
}
const free = { description: 'It never costs anything.' }
const maxOutputTokens = {
  description:
    'Output tokens that it can make at most. Under a budget a request that does not say gets this limit; null: one that is configured.',
  optional: true,
  min: 1,
  max: 10_000_000,
} as const

export class CreateModelDto {
  @TextField(name)
  name: string

  @TextField(provider)
  provider: string

  @TextField({
    ...providerModel,
    description: `${providerModel.description} Left out: the same as its name.`,
    optional: true,
  })
  provider_model?: string | null

  @ObjectField(
    {
      description: 'Its own prices. Left out: those of the public price list; refused when it has none.',
      optional: true,
    },
    () => PricesDto,
  )
  prices?: PricesDto | null

  @SwitchField({ ...free, optional: 'not null' })
  free?: boolean

  @IntegerField(maxOutputTokens)
  max_output_tokens?: number | null
}

export class UpdateModelDto {
  @TextField({ ...name, optional: 'not null' })
  name?: string

  @TextField({ ...provider, optional: 'not null' })
  provider?: string

  @TextField({ ...providerModel, optional: 'not null' })
  provider_model?: string

  @ObjectField(
    { description: 'Its own prices, from now on. null: those of the public price list.', optional: true },
    () => PricesDto,
  )
  prices?: PricesDto | null

  @SwitchField({ ...free, optional: 'not null' })
  free?: boolean

  @IntegerField(maxOutputTokens)
  max_output_tokens?: number | null
}

export class ListModelsQuery extends PageQuery {
  @TextField({
    description: 'Only those of this provider: id or name.',
    optional: 'not null',
    maxLength: 100,
  })
  provider?: string

  @TextField({ description: 'Only the one with this name.', optional: 'not null', maxLength: 200 })
  name?: string
}

export class ModelResponse {
  @ApiProperty({ description: 'Its id.', example: 'model_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Always `model`.', enum: ['model'] })
  object: 'model'

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'The public name, as callers write it in `model`.', example: 'gpt-4o-mini' })
  name: string

  @ApiProperty({
    description: 'Id of the provider that serves it.',
    example: 'prov_01k9x3v0c2m8q4r7t5y6z1a2b3',
  })
  provider: string

  @ApiProperty({ description: 'Name of the provider that serves it.', example: 'openai' })
  provider_name: string

  @ApiProperty({ description: 'What the provider calls it.', example: 'gpt-4o-mini' })
  provider_model: string

  @ApiProperty({
    type: () => PricesResponse,
    nullable: true,
    description: 'The price that is in force; null for a free model.',
  })
  prices: PricesResponse | null

  @ApiProperty({ description: 'It never costs anything.' })
  free: boolean

  @ApiProperty({ type: 'integer', nullable: true, description: 'Output tokens that it can make at most.' })
  max_output_tokens: number | null

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

/** A model with what is shown of others. */
export interface ShownModel {
  model: Model
  provider: Pick<Provider, 'name' | 'workspace'> | undefined
  prices: Price[]
}

export function toResponse({ model, provider, prices }: ShownModel): ModelResponse {
  const isFree = model.priceSource === 'free'
  const price = isFree ? undefined : findPriceInForce(prices)
  return {
    id: model.id,
    object: 'model',
    organization: model.organization,
    name: model.name,
    provider: model.provider,
    provider_name: provider?.name ?? '',
    provider_model: model.providerModel,
    prices: price ? toPricesResponse(price) : null,
    free: isFree,
    max_output_tokens: model.maxOutputTokens,
    created_at: model.createdAt.toISOString(),
    updated_at: model.updatedAt.toISOString(),
  }
}
