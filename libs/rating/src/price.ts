import { type ServiceTier, serviceTierOf } from './usage.js'
import { type UsageUnit, usageUnits } from './unit.js'

/** The rate of one unit, from a number of input tokens on. */
export interface Rate {
  unit: UsageUnit
  /** Nano-dollars for a million of it. */
  nanoUsdPerMillion: bigint
  /** Applies when the whole input, fresh and cached, has more tokens than this; 0: always. */
  aboveInputTokens: bigint
}

/** What a model's units cost from a moment on; never changes. */
export interface Price {
  id: string
  /** Milliseconds since 1970. */
  effectiveFromMs: number
  rates: Rate[]
  /** Rates of other levels of service; where one leaves a unit out, `rates` hold. */
  serviceTiers?: readonly ServiceTierRates[] | undefined
}

/** What units cost when an attempt is served at another level than the usual one. */
export interface ServiceTierRates {
  serviceTier: ServiceTier
  rates: Rate[]
}

/** A rate as weir.catalog.v1.Rate carries it. */
export interface RateText {
  unit: string
  nanoUsdPerMillion: string
  aboveInputTokens: string
}

/** A price as weir.catalog.v1.Price carries it: 64-bit numbers are decimal text. */
export interface PriceText {
  id: string
  effectiveFromMs: string
  rates: RateText[]
  serviceTiers?: { serviceTier: string; rates: RateText[] }[] | null | undefined
}

/**
 * Reads a price as it crosses processes. Rates of units and levels of service that are not known here
 * are left out: such a unit is not in a usage that this version can rate either.
 * @throws SyntaxError when a number is not one.
 */
export function parsePrice(text: PriceText): Price {
  const serviceTiers = (text.serviceTiers ?? []).flatMap((tier) => {
    const serviceTier = serviceTierOf(tier.serviceTier)
    return serviceTier ? [{ serviceTier, rates: parseRates(tier.rates) }] : []
  })
  return {
    id: text.id,
    effectiveFromMs: Number(BigInt(text.effectiveFromMs)),
    rates: parseRates(text.rates),
    ...(serviceTiers.length > 0 && { serviceTiers }),
  }
}

function parseRates(rates: RateText[]): Rate[] {
  return rates.flatMap(({ unit, nanoUsdPerMillion, aboveInputTokens }) =>
    isUnit(unit)
      ? [{ unit, nanoUsdPerMillion: BigInt(nanoUsdPerMillion), aboveInputTokens: BigInt(aboveInputTokens) }]
      : [],
  )
}

const isUnit = (unit: string): unit is UsageUnit => (usageUnits as readonly string[]).includes(unit)

/**
 * The price that counts at a moment: the one that started last, and of those that started together
 * the one that stands last. Undefined before the first has started.
 */
export function priceInForce<P extends Pick<Price, 'effectiveFromMs'>>(
  prices: readonly P[],
  atMs: number,
): P | undefined {
  let found: P | undefined
  for (const price of prices) {
    if (price.effectiveFromMs <= atMs && (!found || price.effectiveFromMs >= found.effectiveFromMs))
      found = price
  }
  return found
}
