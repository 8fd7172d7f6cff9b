import { ApiProperty } from '@nestjs/swagger'
import { DollarsField, formatDollars } from '@weir/http'
import { parseUsd, type UsageUnit } from '@weir/rating'
import type { Price, RateText } from './price.entity.js'

/** A model's own prices, in dollars per million tokens. */
export class PricesDto {
  @DollarsField({ description: 'Dollars per million fresh input tokens.', example: '2.50' })
  input_per_million: string

  @DollarsField({ description: 'Dollars per million output tokens.', example: '10' })
  output_per_million: string

  @DollarsField({
    description: "Dollars per million input tokens that the provider's cache has. Left out: as fresh ones.",
    optional: true,
    example: '1.25',
  })
  cache_read_per_million?: string | null

  @DollarsField({
    description:
      "Dollars per million input tokens that are written to the provider's cache. Left out: as fresh ones.",
    optional: true,
    example: '3.125',
  })
  cache_write_per_million?: string | null

  @DollarsField({
    description: 'Dollars per million output tokens that are spent on reasoning. Left out: as other output.',
    optional: true,
    example: '10',
  })
  reasoning_per_million?: string | null
}

const unitsByField = {
  input_per_million: 'input',
  output_per_million: 'output',
  cache_read_per_million: 'cache_read',
  cache_write_per_million: 'cache_write',
  reasoning_per_million: 'reasoning',
} as const satisfies Record<keyof PricesDto, UsageUnit>

const fields = Object.keys(unitsByField) as (keyof typeof unitsByField)[]

/** The rates that a request gives. */
export function toRates(dto: PricesDto): RateText[] {
  return fields.flatMap((field) => {
    const dollars = dto[field]
    if (dollars === undefined || dollars === null) return []
    return [
      { unit: unitsByField[field], nanoUsdPerMillion: String(parseUsd(dollars)), aboveInputTokens: '0' },
    ]
  })
}

class RatesResponse {
  @ApiProperty({ required: false, description: 'Dollars per million fresh input tokens.', example: '2.5' })
  input_per_million?: string

  @ApiProperty({ required: false, description: 'Dollars per million output tokens.', example: '10' })
  output_per_million?: string

  @ApiProperty({
    required: false,
    description: 'Dollars per million cached input tokens; absent: as fresh ones.',
    example: '1.25',
  })
  cache_read_per_million?: string

  @ApiProperty({
    required: false,
    description: 'Dollars per million input tokens written to a cache; absent: as fresh ones.',
  })
  cache_write_per_million?: string

  @ApiProperty({
    required: false,
    description: 'Dollars per million reasoning tokens; absent: as other output.',
  })
  reasoning_per_million?: string
}

/** The rates of attempts with a long input. */
class PriceTierResponse extends RatesResponse {
  @ApiProperty({
    type: 'integer',
    description: 'In force for attempts whose whole input has more tokens than this.',
    example: 200000,
  })
  above_input_tokens: number
}

/** The price that is in force. */
export class PricesResponse extends RatesResponse {
  @ApiProperty({
    description: 'own: given for this model; public: from the public price list.',
    enum: ['own', 'public'],
  })
  source: string

  @ApiProperty({
    description: 'Since when it is in force; 1970 when there was none before it.',
    format: 'date-time',
  })
  effective_from: string

  @ApiProperty({ type: [PriceTierResponse], description: 'Rates that differ for long inputs; often empty.' })
  tiers: PriceTierResponse[]
}

function toRatesResponse(rates: RateText[]): RatesResponse {
  const response: RatesResponse = {}
  for (const field of fields) {
    const rate = rates.find(({ unit }) => unit === unitsByField[field])
    if (rate) response[field] = formatDollars(BigInt(rate.nanoUsdPerMillion))
  }
  return response
}

export function toPricesResponse({ source, effectiveFrom, rates }: Price): PricesResponse {
  const byTier = Map.groupBy(rates, ({ aboveInputTokens }) => Number(aboveInputTokens))
  const tiers = [...byTier].filter(([above]) => above > 0).sort(([left], [right]) => left - right)
  return {
    ...toRatesResponse(byTier.get(0) ?? []),
    source,
    effective_from: effectiveFrom.toISOString(),
    tiers: tiers.map(([above, rates]) => ({ above_input_tokens: above, ...toRatesResponse(rates) })),
  }
}
