/** What a rate is for. The units are disjoint: no token is counted in two of them. */
export const usageUnits = ['input', 'cache_read', 'cache_write', 'output', 'reasoning'] as const

/** What a rate is for. */
export type UsageUnit = (typeof usageUnits)[number]

/** The rate of one unit, from a number of input tokens on. */
export interface Rate {
  unit: UsageUnit
  /** Nano-dollars for a million tokens. */
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
}

/** A price as weir.catalog.v1.Price carries it: 64-bit numbers are decimal text. */
export interface PriceText {
  id: string
  effectiveFromMs: string
  rates: { unit: string; nanoUsdPerMillion: string; aboveInputTokens: string }[]
}

const isUnit = (unit: string): unit is UsageUnit => (usageUnits as readonly string[]).includes(unit)

/**
 * Reads a price as it crosses processes. Rates of units that are not known here are left out: such
 * a unit is not in a usage that this version can rate either.
 * @throws SyntaxError when a number is not one.
 */
export function parsePrice(text: PriceText): Price {
  return {
    id: text.id,
    effectiveFromMs: Number(BigInt(text.effectiveFromMs)),
    rates: text.rates.flatMap(({ unit, nanoUsdPerMillion, aboveInputTokens }) =>
      isUnit(unit)
        ? [{ unit, nanoUsdPerMillion: BigInt(nanoUsdPerMillion), aboveInputTokens: BigInt(aboveInputTokens) }]
        : [],
    ),
  }
}

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
