import type { Price, Rate } from './price.js'
import { fallbacksOf, type UsageUnit, usageUnitTable } from './unit.js'
import type { ServiceTier, UsageCounts } from './usage.js'

/**
 * The price says nothing about a unit that was used, or about a level of service that costs more than
 * the usual one: the cost is unknown, which is not zero.
 */
export class UnratedUnit extends Error {
  constructor(
    readonly priceId: string,
    readonly unit: UsageUnit | ServiceTier,
    /** Nano-dollars of what the price does say something about, at its usual rates. */
    readonly ratedNanoUsd: bigint,
  ) {
    super(`price ${priceId} has no rate for ${unit}, and none to fall back on`)
    this.name = 'UnratedUnit'
  }
}

/** Levels of service that cost more than the usual one; a discount that nobody states is not assumed. */
const surcharged: ReadonlySet<string> = new Set<ServiceTier>(['fast', 'priority'])

const rows = new Map<string, (typeof usageUnitTable)[number]>(usageUnitTable.map((row) => [row.bucket, row]))

/**
 * Cost of an attempt in nano-dollars.
 *
 * Σ count × rate over the units, divided by a million once, at the end, and rounded half up: so
 * the error is at most half a nano-dollar an attempt, whatever the units. The whole input (fresh,
 * read and written, sound and pictures too) decides the tier, and the highest tier that it exceeds
 * prices every unit from its first token on; a unit that this tier does not name keeps the rate of its
 * next lower one. A level of service goes by its own rates, and by the usual ones where it has none.
 * Where requests have a rate, an attempt that used anything is one.
 * @throws UnratedUnit when something was used that has no rate, not even by fallback.
 */
export function rate(usage: UsageCounts, price: Price): bigint {
  let wholeInput = 0
  let isUsed = false
  // By the few fields that a usage has, not by the many that it could have: this is done for every request.
  for (const field in usage) {
    const row = rows.get(field)
    const count = row && usage[row.bucket]
    if (!count) continue
    isUsed = true
    if (row.side === 'input') wholeInput += count
  }
  if (!isUsed) return 0n
  const rates = new Rates(price, usage.serviceTier, BigInt(wholeInput))
  let unrated: UsageUnit | ServiceTier | undefined = rates.missingTier
  let nanoMillionths = 0n
  for (const field in usage) {
    const row = rows.get(field)
    const count = row && usage[row.bucket]
    if (!count) continue
    const found = rates.find(row.unit)
    if (found) nanoMillionths += BigInt(count) * found.nanoUsdPerMillion
    else unrated ??= row.unit
  }
  if (!usage.chargedRequests) nanoMillionths += rates.find('request')?.nanoUsdPerMillion ?? 0n
  const costNanoUsd = (nanoMillionths + 500_000n) / 1_000_000n
  if (unrated) throw new UnratedUnit(price.id, unrated, costNanoUsd)
  return costNanoUsd
}

/** The rates that apply to an attempt. */
class Rates {
  /** Set when the price does not state what the level of service costs, and it costs more. */
  readonly missingTier: ServiceTier | undefined
  private readonly ofTier: readonly Rate[] | undefined

  constructor(
    private readonly price: Price,
    serviceTier: string | undefined,
    private readonly wholeInput: bigint,
  ) {
    if (serviceTier === undefined) return
    this.ofTier = price.serviceTiers?.find((tier) => tier.serviceTier === serviceTier)?.rates
    if (!this.ofTier && surcharged.has(serviceTier)) this.missingTier = serviceTier as ServiceTier
  }

  find(unit: UsageUnit): Rate | undefined {
    let found = this.findOwn(unit)
    if (found) return found
    for (const fallback of fallbacksOf(unit)) {
      found = this.findOwn(fallback)
      if (found) return found
    }
    return undefined
  }

  private findOwn(unit: UsageUnit): Rate | undefined {
    const special = this.ofTier && highest(this.ofTier, unit, this.wholeInput)
    return special ?? highest(this.price.rates, unit, this.wholeInput)
  }
}

/** The rate of the highest tier that applies. */
function highest(rates: readonly Rate[], unit: UsageUnit, wholeInput: bigint): Rate | undefined {
  let found: Rate | undefined
  for (const candidate of rates) {
    if (candidate.unit !== unit) continue
    const applies = candidate.aboveInputTokens === 0n || wholeInput > candidate.aboveInputTokens
    if (applies && (!found || candidate.aboveInputTokens >= found.aboveInputTokens)) found = candidate
  }
  return found
}

/**
 * The dearest rate that one of these units may have, whatever the level of service: for what an attempt
 * costs at most. Nano-dollars per million; undefined when none of the units has a rate.
 * @param inputTokens how many tokens the whole input has at most: tiers beyond do not apply
 */
export function dearestRate(
  price: Price,
  units: readonly UsageUnit[],
  inputTokens: bigint,
): bigint | undefined {
  let dearest: bigint | undefined
  const look = (rates: readonly Rate[]): void => {
    for (const { unit, nanoUsdPerMillion, aboveInputTokens } of rates) {
      if (aboveInputTokens > 0n && aboveInputTokens >= inputTokens) continue
      if (units.includes(unit) && (dearest === undefined || nanoUsdPerMillion > dearest)) {
        dearest = nanoUsdPerMillion
      }
    }
  }
  look(price.rates)
  for (const { rates } of price.serviceTiers ?? []) look(rates)
  return dearest
}
