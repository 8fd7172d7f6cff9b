import { invalidFields } from '@weir/errors'
import { type PricesDto, toRates, toServiceTiers } from '../price/price.dto.js'
import { findPublicPrices, type PriceTerms } from '../price/public-prices.js'
import type { PriceSource } from './model.entity.js'

/** How a model is priced. */
export interface Pricing {
  source: PriceSource
  /** Empty for a free model. */
  terms: PriceTerms[]
}

interface Wish {
  /** Left out: nothing was said; null: the public price list. */
  prices?: PricesDto | null
  free?: boolean
  /** How the model is priced so far; undefined for a new one. */
  source?: PriceSource
  /** Where the public price list must be asked. */
  provider: { type: string; baseUrl: string | null }
  providerModel: string
  /** The provider or its model is another one than before. */
  isMoved: boolean
}

/** What a request means for a model's prices; undefined: they stay. Nothing is ever silently free. */
export function decidePricing(wish: Wish): Pricing | undefined {
  const { prices, free, source } = wish
  if (prices) {
    if (free) throw invalidPrices('a free model has no prices: leave out `prices` or `free`')
    return { source: 'own', terms: [ownTerms(prices)] }
  }
  if (free) return source === 'free' ? undefined : { source: 'free', terms: [] }
  if (source === undefined || prices === null || (free === false && source === 'free'))
    return publicPricing(wish)
  return source === 'public' && wish.isMoved ? publicPricing(wish) : undefined
}

function ownTerms(prices: PricesDto): PriceTerms {
  const rates = toRates(prices)
  if (rates.length === 0) {
    throw invalidPrices('must have at least one rate: give `free`: true if it costs nothing')
  }
  return { effectiveFromMs: 0, rates, serviceTiers: toServiceTiers(prices) }
}

function publicPricing({ provider, providerModel }: Wish): Pricing {
  const terms = findPublicPrices(provider, providerModel)
  if (typeof terms === 'string') {
    throw invalidPrices(`are required: ${terms}. Give \`prices\`, or \`free\`: true if it costs nothing`)
  }
  return { source: 'public', terms }
}

function invalidPrices(message: string): Error {
  return invalidFields([{ field: 'prices', message }])
}
