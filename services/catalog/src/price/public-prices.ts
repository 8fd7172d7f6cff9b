import {
  calcPrice,
  type ConditionalPrice,
  type ModelInfo,
  type ModelPrice,
  type PriceOptions,
} from '@pydantic/genai-prices'
import { parseUsd, type UsageUnit } from '@weir/rating'
import type { RateText } from './price.entity.js'

/** What units cost from a moment on. */
export interface PriceTerms {
  /** Milliseconds since 1970. */
  effectiveFromMs: number
  rates: RateText[]
}

/** Keys of the list, in dollars per million tokens, and what they are here. */
const unitsByKey: Record<string, UsageUnit> = {
  input_mtok: 'input',
  cache_read_mtok: 'cache_read',
  cache_write_mtok: 'cache_write',
  output_mtok: 'output',
  output_reasoning_mtok: 'reasoning',
}

/** Whose prices count: OpenAI's own, else those of the vendor that the address belongs to. */
function vendor({ type, baseUrl }: { type: string; baseUrl: string | null }): PriceOptions | undefined {
  if (type === 'openai') return { providerId: 'openai' }
  return type === 'openai_compatible' && baseUrl !== null ? { providerApiUrl: baseUrl } : undefined
}

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
  if (conditional.some(({ prices }) => prices['requests_kcount'] !== undefined)) {
    return `"${providerModel}" costs something per request besides its tokens in the public list, which is not supported`
  }
  const terms = startsOf(conditional).map((atMs) => ({
    effectiveFromMs: atMs,
    rates: toRates(inForceAt(model, atMs)),
  }))
  if (!terms.every(({ rates }) => rates.some(({ unit }) => unit === 'input'))) {
    return `the public price list has no price per token of "${providerModel}"`
  }
  return terms
}

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
    const unit = unitsByKey[key]
    if (!unit || value === undefined) return []
    const { base, tiers } = typeof value === 'number' ? { base: value, tiers: [] } : value
    return [{ start: 0, price: base }, ...tiers].map(({ start, price }) => ({
      unit,
      // The list's floats are short decimals; nine places keep every one of them.
      nanoUsdPerMillion: String(parseUsd(price.toFixed(9))),
      aboveInputTokens: String(start),
    }))
  })
}
