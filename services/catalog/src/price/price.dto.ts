import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger'
import { dollarsPattern, Field, formatDollars, ObjectField } from '@weir/http'
import { parseUsd, type ServiceTier, serviceTiers } from '@weir/rating'
import type { Price, RateText, ServiceTierText } from './price.entity.js'
import { fromRate, type PriceField, priceFields, toRate } from './price-field.js'

type Amounts<Amount> = { [F in PriceField]?: Amount }

/** What fits into a rate's 64 bits whatever the unit; 10,000 dollars for an image are none. */
const maxUsdOfFew = 10_000n * 1_000_000_000n
const maxUsd = 10n ** 18n

const checkAmount = (per: bigint) => (value: unknown) => {
  if (typeof value !== 'string' || !dollarsPattern.test(value)) {
    return 'must be an amount of dollars in a string, such as "2.50": up to 9 digits, up to 9 decimals, not negative'
  }
  return parseUsd(value) <= (per < 1_000_000n ? maxUsdOfFew : maxUsd)
    ? undefined
    : 'may not be more than 10000'
}

/** Rates as a request gives them; the keys and what they mean are those of priceFields. */
class RatesDto implements Amounts<string | null> {
  input_per_million?: string | null
  output_per_million?: string | null
  cache_read_per_million?: string | null
  cache_write_per_million?: string | null
  cache_write_1h_per_million?: string | null
  reasoning_per_million?: string | null
  audio_input_per_million?: string | null
  audio_cache_read_per_million?: string | null
  audio_output_per_million?: string | null
  image_input_per_million?: string | null
  image_cache_read_per_million?: string | null
  image_output_per_million?: string | null
  video_input_per_million?: string | null
  video_output_per_million?: string | null
  citation_per_million?: string | null
  per_image?: string | null
  per_million_characters?: string | null
  per_minute?: string | null
  per_thousand_searches?: string | null
  per_thousand_web_searches?: string | null
  per_thousand_file_searches?: string | null
  per_thousand_requests?: string | null
}

for (const row of priceFields) {
  const { field, what, per } = row
  const leftOut = 'leftOut' in row ? ` Left out: ${row.leftOut}.` : ''
  const example = 'example' in row ? row.example : '2.50'
  const description = `Dollars ${what}.${leftOut}`
  const schema = { type: String, pattern: dollarsPattern.source }
  Field({ description, optional: true, example }, schema, checkAmount(per))(RatesDto.prototype, field)
}

const multiplierPattern = /^\d{1,3}(\.\d{1,6})?$/

/** What differs when the provider serves an attempt at another level than the usual one. */
class ServiceTierDto extends RatesDto {
  @Field(
    {
      optional: true,
      description:
        'What every rate is multiplied with that is not given here. Left out: those are the usual ones.',
      example: '0.5',
    },
    { type: String, pattern: multiplierPattern.source },
    (value) =>
      typeof value === 'string' && multiplierPattern.test(value)
        ? undefined
        : 'must be a number in a string, such as "0.5": up to 3 digits, up to 6 decimals',
  )
  multiplier?: string | null
}

/** Prices of levels of service; the names are the vendors' own. */
class ServiceTiersDto implements Partial<Record<ServiceTier, ServiceTierDto | null>> {
  @ObjectField({ optional: true, description: 'Of batches.' }, () => ServiceTierDto)
  batch?: ServiceTierDto | null

  @ObjectField(
    { optional: true, description: 'Of answers made faster at a surcharge.' },
    () => ServiceTierDto,
  )
  fast?: ServiceTierDto | null

  @ObjectField({ optional: true, description: 'Of answers that may take longer.' }, () => ServiceTierDto)
  flex?: ServiceTierDto | null

  @ObjectField({ optional: true, description: 'Of answers that come first.' }, () => ServiceTierDto)
  priority?: ServiceTierDto | null
}

/** A model's own prices, in dollars: at least one. What is used and has none leaves the cost unknown, not zero. */
export class PricesDto extends RatesDto {
  @ObjectField(
    {
      optional: true,
      description:
        'Where the answer says that it was served at another level than the usual one. A level that is left out ' +
        'costs as usual when it is a discount (batch, flex); when it is a surcharge (fast, priority), its cost is unknown.',
    },
    () => ServiceTiersDto,
  )
  service_tiers?: ServiceTiersDto | null
}

/** The rates that a request gives. */
export function toRates(dto: Amounts<string | null>): RateText[] {
  return priceFields.flatMap(({ field, unit, per }) => {
    const dollars = dto[field]
    if (dollars === undefined || dollars === null) return []
    return [{ unit, nanoUsdPerMillion: String(toRate(parseUsd(dollars), per)), aboveInputTokens: '0' }]
  })
}

/** The rates of levels of service that a request gives. */
export function toServiceTiers({ service_tiers: tiers, ...usual }: PricesDto): ServiceTierText[] {
  if (!tiers) return []
  const base = toRates(usual)
  return serviceTiers.flatMap((serviceTier) => {
    const dto = tiers[serviceTier]
    if (!dto) return []
    const own = toRates(dto)
    const { multiplier } = dto
    const others = base.filter(({ unit }) => !own.some((rate) => rate.unit === unit))
    const multiplied = multiplier ? others.map((rate) => multiply(rate, parseUsd(multiplier))) : []
    return [{ serviceTier, rates: [...own, ...multiplied] }]
  })
}

const one = 1_000_000_000n

/** @param multiplier billionths */
export function multiply(rate: RateText, multiplier: bigint): RateText {
  const nanoUsdPerMillion = (BigInt(rate.nanoUsdPerMillion) * multiplier + one / 2n) / one
  return { ...rate, nanoUsdPerMillion: String(nanoUsdPerMillion) }
}

class RatesResponse implements Amounts<string> {
  input_per_million?: string
  output_per_million?: string
  cache_read_per_million?: string
  cache_write_per_million?: string
  cache_write_1h_per_million?: string
  reasoning_per_million?: string
  audio_input_per_million?: string
  audio_cache_read_per_million?: string
  audio_output_per_million?: string
  image_input_per_million?: string
  image_cache_read_per_million?: string
  image_output_per_million?: string
  video_input_per_million?: string
  video_output_per_million?: string
  citation_per_million?: string
  per_image?: string
  per_million_characters?: string
  per_minute?: string
  per_thousand_searches?: string
  per_thousand_web_searches?: string
  per_thousand_file_searches?: string
  per_thousand_requests?: string
}

for (const row of priceFields) {
  const leftOut = 'leftOut' in row ? `; absent: ${row.leftOut}` : ''
  const description = `Dollars ${row.what}${leftOut}.`
  ApiPropertyOptional({ type: String, description })(RatesResponse.prototype, row.field)
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

/** The rates of a level of service; what it leaves out costs as usual. */
class ServiceTierResponse extends RatesResponse {
  @ApiProperty({ description: 'Name of the level.', enum: serviceTiers })
  service_tier: string

  @ApiProperty({ type: [PriceTierResponse], description: 'Rates that differ for long inputs; often empty.' })
  tiers: PriceTierResponse[]
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

  @ApiProperty({
    type: [ServiceTierResponse],
    description: 'Rates of levels of service that are priced apart; often empty.',
  })
  service_tiers: ServiceTierResponse[]
}

function toRatesResponse(rates: RateText[]): RatesResponse {
  const response: RatesResponse = {}
  for (const { field, unit, per } of priceFields) {
    const rate = rates.find((candidate) => candidate.unit === unit)
    if (rate) response[field] = formatDollars(fromRate(BigInt(rate.nanoUsdPerMillion), per))
  }
  return response
}

function toTieredResponse(rates: RateText[]): RatesResponse & { tiers: PriceTierResponse[] } {
  const byTier = Map.groupBy(rates, ({ aboveInputTokens }) => Number(aboveInputTokens))
  const tiers = [...byTier].filter(([above]) => above > 0).sort(([left], [right]) => left - right)
  return {
    ...toRatesResponse(byTier.get(0) ?? []),
    tiers: tiers.map(([above, rates]) => ({ above_input_tokens: above, ...toRatesResponse(rates) })),
  }
}

export function toPricesResponse({ source, effectiveFrom, rates, serviceTiers }: Price): PricesResponse {
  return {
    ...toTieredResponse(rates),
    source,
    effective_from: effectiveFrom.toISOString(),
    service_tiers: (serviceTiers ?? []).map(({ serviceTier, rates }) => ({
      service_tier: serviceTier,
      ...toTieredResponse(rates),
    })),
  }
}
