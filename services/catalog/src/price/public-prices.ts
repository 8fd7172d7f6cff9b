import {
  calcPrice,
  type ConditionalPrice,
  findProvider,
  type ModelInfo,
  type ModelPrice,
  type PriceOptions,
} from '@pydantic/genai-prices'
import { parseUsd, type UsageUnit } from '@weir/rating'
import { openAiServiceTiers } from './openai-service-tiers.js'
import type { RateText, ServiceTierText } from './price.entity.js'
import { toRate } from './price-field.js'

/** What units cost from a moment on. */
export interface PriceTerms {
  /** Milliseconds since 1970. */
  effectiveFromMs: number
  rates: RateText[]
  /** Left out: none is priced apart. */
  serviceTiers?: ServiceTierText[]
}

/** Keys of the list, what they are here, and how many of it their dollars buy. */
const unitsByKey: Record<string, { unit: UsageUnit; per: bigint }> = {
  input_mtok: { unit: 'input', per: 1_000_000n },
  cache_read_mtok: { unit: 'cache_read', per: 1_000_000n },
  cache_write_mtok: { unit: 'cache_write', per: 1_000_000n },
  cache_write_1h_mtok: { unit: 'cache_write_1h', per: 1_000_000n },
  output_mtok: { unit: 'output', per: 1_000_000n },
  output_reasoning_mtok: { unit: 'reasoning', per: 1_000_000n },
  input_audio_mtok: { unit: 'audio_input', per: 1_000_000n },
  cache_audio_read_mtok: { unit: 'audio_cache_read', per: 1_000_000n },
  output_audio_mtok: { unit: 'audio_output', per: 1_000_000n },
  input_image_mtok: { unit: 'image_input', per: 1_000_000n },
  cache_image_read_mtok: { unit: 'image_cache_read', per: 1_000_000n },
  output_image_mtok: { unit: 'image_output', per: 1_000_000n },
  input_video_mtok: { unit: 'video_input', per: 1_000_000n },
  output_video_mtok: { unit: 'video_output', per: 1_000_000n },
  output_citation_mtok: { unit: 'citation', per: 1_000_000n },
  audio_hours: { unit: 'second', per: 3_600n },
  web_searches_kcount: { unit: 'web_search', per: 1_000n },
  storage_searches_kcount: { unit: 'file_search', per: 1_000n },
  requests_kcount: { unit: 'request', per: 1_000n },
}

/** Says the same as `audio_hours`. */
const repeated = new Set(['input_audio_hours'])

/** Vendors by type of provider; a compatible one is found by its address. */
const vendors: Record<string, PriceOptions> = {
  openai: { providerId: 'openai' },
  azure_openai: { providerId: 'azure' },
  anthropic: { providerId: 'anthropic' },
  gemini: { providerId: 'google' },
  bedrock: { providerId: 'aws' },
}

/** Whose prices count: those of the type's vendor, else of the one that the address belongs to. */
function vendor({ type, baseUrl }: { type: string; baseUrl: string | null }): PriceOptions | undefined {
  if (type === 'openai_compatible' && baseUrl !== null) return { providerApiUrl: baseUrl }
  return vendors[type]
}

/** OpenAI charges nothing for these, which the list says by saying nothing. */
const freeAtOpenAi = new Set(['moderation'])

/**
 * The prices of a provider's model in the public list, in the order of their start; else, as text
 * for people, why there are none. A model is looked up at its own vendor only: the same name may
 * cost something else elsewhere.
 */
export function findPublicPrices(
  provider: { type: string; baseUrl: string | null },
  providerModel: string,
): PriceTerms[] | string {
  const options = vendor(provider)
  const model = options && calcPrice({}, providerModel, options)?.model
  if (!model) return `the public price list has no price of "${providerModel}" at this provider`
  const conditional = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }]
  if (conditional.some(({ constraint }) => constraint?.type === 'time_of_date')) {
    return `the price of "${providerModel}" in the public list depends on the time of day, which is not supported`
  }
  const foreign = conditional.flatMap(({ prices }) => Object.keys(prices)).find((key) => !isKnown(key))
  if (foreign !== undefined) {
    return `the price of "${providerModel}" in the public list is per "${foreign}", which is not supported`
  }
  const isOpenAi = findProvider(options)?.id === 'openai'
  const isFree = isOpenAi && freeAtOpenAi.has(model.id)
  const terms = startsOf(conditional).map((atMs): PriceTerms => {
    const rates = isFree ? [freeRequest] : toRates(inForceAt(model, atMs))
    const hasTiers = isOpenAi && rates.some(({ unit }) => unit === 'output')
    const serviceTiers = hasTiers ? { serviceTiers: openAiServiceTiers(model.id, rates) } : {}
    return { effectiveFromMs: atMs, rates, ...serviceTiers }
  })
  if (!terms.every(({ rates }) => rates.length > 0)) {
    return `the public price list has no price of "${providerModel}"`
  }
  return terms
}

const isKnown = (key: string): boolean => unitsByKey[key] !== undefined || repeated.has(key)

const freeRequest: RateText = { unit: 'request', nanoUsdPerMillion: '0', aboveInputTokens: '0' }

/** The moments at which a price starts; the first has always been in force. */
function startsOf(conditional: ConditionalPrice[]): number[] {
  const starts = conditional.map(({ constraint }) =>
    constraint?.type === 'start_date' ? Date.parse(constraint.start_date) : 0,
  )
  return [...new Set([0, ...starts])].sort((left, right) => left - right)
}

/** The last one that has started counts, as in the list's own reader; before any, the first. */
function inForceAt({ prices }: ModelInfo, atMs: number): ModelPrice {
  if (!Array.isArray(prices)) return prices
  const started = prices.filter(
    ({ constraint }) => constraint?.type !== 'start_date' || Date.parse(constraint.start_date) <= atMs,
  )
  return (started.at(-1) ?? prices[0])?.prices ?? {}
}

function toRates(price: ModelPrice): RateText[] {
  return Object.entries(price).flatMap(([key, value]) => {
    const known = unitsByKey[key]
    if (!known || value === undefined) return []
    const { base, tiers } = typeof value === 'number' ? { base: value, tiers: [] } : value
    return [{ start: 0, price: base }, ...tiers].map(({ start, price }) => ({
      unit: known.unit,
      // The list's floats are short decimals; nine places keep every one of them.
      nanoUsdPerMillion: String(toRate(parseUsd(price.toFixed(9)), known.per)),
      aboveInputTokens: String(start),
    }))
  })
}
