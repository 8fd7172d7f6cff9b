import type { Price, Rate, UsageUnit } from './price.js'
import type { UsageCounts } from './usage.js'

/** The price says nothing about a unit that was used: the cost is unknown, which is not zero. */
export class UnratedUnit extends Error {
  constructor(
    readonly priceId: string,
    readonly unit: UsageUnit,
  ) {
    super(`price ${priceId} has no rate for ${unit}, and none to fall back on`)
    this.name = 'UnratedUnit'
  }
}

/** A unit without a rate of its own costs what this one costs. */
const fallbacks: Partial<Record<UsageUnit, UsageUnit>> = {
  cache_read: 'input',
  cache_write: 'input',
  reasoning: 'output',
}

/**
 * Cost of an attempt in nano-dollars.
 *
 * Σ tokens × rate over the units, divided by a million once, at the end, and rounded half up: so
 * the error is at most half a nano-dollar an attempt, whatever the units. The whole input (fresh,
 * read and written) decides the tier, and the highest tier that it exceeds prices every unit from
 * its first token on; a unit that this tier does not name keeps the rate of its next lower one.
 * @throws UnratedUnit when tokens of a unit have no rate, not even by fallback.
 */
export function rate(usage: UsageCounts, price: Price): bigint {
  const wholeInput =
    BigInt(usage.inputTokens) + BigInt(usage.cachedInputTokens) + BigInt(usage.cacheWriteTokens)
  let nanoMillionths = 0n
  const add = (unit: UsageUnit, tokens: number) => {
    if (tokens === 0) return
    const found = rateOf(price.rates, unit, wholeInput)
    if (!found) throw new UnratedUnit(price.id, unit)
    nanoMillionths += BigInt(tokens) * found.nanoUsdPerMillion
  }
  add('input', usage.inputTokens)
  add('cache_read', usage.cachedInputTokens)
  add('cache_write', usage.cacheWriteTokens)
  add('output', usage.outputTokens)
  add('reasoning', usage.reasoningTokens)
  return (nanoMillionths + 500_000n) / 1_000_000n
}

function rateOf(rates: readonly Rate[], unit: UsageUnit, wholeInput: bigint): Rate | undefined {
  let found: Rate | undefined
  for (const candidate of rates) {
    const applies = candidate.aboveInputTokens === 0n || wholeInput > candidate.aboveInputTokens
    if (candidate.unit !== unit || !applies) continue
    if (!found || candidate.aboveInputTokens >= found.aboveInputTokens) found = candidate
  }
  const fallback = fallbacks[unit]
  return found ?? (fallback && rateOf(rates, fallback, wholeInput))
}
