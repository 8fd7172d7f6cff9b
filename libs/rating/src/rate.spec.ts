import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Price, type UsageUnit, usageUnits } from './price.js'
import { rate, UnratedUnit } from './rate.js'
import type { UsageCounts } from './usage.js'

const usd = 1_000_000_000n

function priceOf(...rates: [unit: UsageUnit, usdPerMillion: bigint, aboveInputTokens?: bigint][]): Price {
  return {
    id: 'price_test',
    effectiveFromMs: 0,
    rates: rates.map(([unit, usdPerMillion, aboveInputTokens = 0n]) => ({
      unit,
      nanoUsdPerMillion: usdPerMillion * usd,
      aboveInputTokens,
    })),
  }
}

function usageOf(usage: Partial<UsageCounts>): UsageCounts {
  return {
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    ...usage,
  }
}

const tokenCount = fc.nat({ max: 2 ** 31 - 1 })
const anyUsage = fc.record<UsageCounts>({
  inputTokens: tokenCount,
  cachedInputTokens: tokenCount,
  cacheWriteTokens: tokenCount,
  outputTokens: tokenCount,
  reasoningTokens: tokenCount,
})
const nanoUsdPerMillion = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const flatPrice = fc
  .tuple(
    ...usageUnits.map((unit) =>
      nanoUsdPerMillion.map((rate) => ({ unit, nanoUsdPerMillion: rate, aboveInputTokens: 0n })),
    ),
  )
  .map((rates): Price => ({ id: 'price_any', effectiveFromMs: 0, rates }))

const bucketOf = {
  input: 'inputTokens',
  cache_read: 'cachedInputTokens',
  cache_write: 'cacheWriteTokens',
  output: 'outputTokens',
  reasoning: 'reasoningTokens',
} as const satisfies Record<UsageUnit, keyof UsageCounts>

describe('rate', () => {
  it('tells cached and reasoning tokens from fresh and visible ones', () => {
    const price = priceOf(
      ['input', 10n],
      ['cache_read', 1n],
      ['cache_write', 12n],
      ['output', 30n],
      ['reasoning', 60n],
    )
    const million = 1_000_000
    expect(rate(usageOf({ inputTokens: million }), price)).toBe(10n * usd)
    expect(rate(usageOf({ cachedInputTokens: million }), price)).toBe(1n * usd)
    expect(rate(usageOf({ cacheWriteTokens: million }), price)).toBe(12n * usd)
    expect(rate(usageOf({ outputTokens: million }), price)).toBe(30n * usd)
    expect(rate(usageOf({ reasoningTokens: million }), price)).toBe(60n * usd)
  })

  it('falls back from cached to fresh input, and from reasoning to output', () => {
    const price = priceOf(['input', 10n], ['output', 30n])
    const usage = usageOf({ cachedInputTokens: 1_000, cacheWriteTokens: 1_000, reasoningTokens: 1_000 })
    expect(rate(usage, price)).toBe(50n * 1_000n * 1_000n)
  })

  it('lets a rate of zero stand instead of falling back', () => {
    expect(rate(usageOf({ cachedInputTokens: 1_000 }), priceOf(['input', 10n], ['cache_read', 0n]))).toBe(0n)
  })

  it('does not call usage free that the price says nothing about', () => {
    expect(() => rate(usageOf({ outputTokens: 1 }), priceOf(['input', 10n]))).toThrow(UnratedUnit)
    expect(rate(usageOf({ inputTokens: 1_000 }), priceOf(['input', 10n]))).toBe(10_000_000n)
  })

  it('takes the tier from the whole input, cached too, for every unit', () => {
    const price = priceOf(['input', 1n], ['output', 2n], ['input', 10n, 200_000n], ['output', 20n, 200_000n])
    const below = usageOf({
      inputTokens: 100_000,
      cachedInputTokens: 60_000,
      cacheWriteTokens: 40_000,
      outputTokens: 1_000,
    })
    expect(rate(below, price)).toBe((200_000n * 1n + 1_000n * 2n) * 1_000n)
    expect(rate({ ...below, cachedInputTokens: 60_001 }, price)).toBe(
      (200_001n * 10n + 1_000n * 20n) * 1_000n,
    )
  })

  it('takes the highest of several tiers, in any order of rates', () => {
    const price = priceOf(['input', 3n, 200n], ['input', 1n], ['input', 2n, 100n])
    expect(rate(usageOf({ inputTokens: 150 }), price)).toBe(150n * 2_000n)
    expect(rate(usageOf({ inputTokens: 201 }), price)).toBe(201n * 3_000n)
  })

  it('keeps the lower rate of a unit that the tier does not name', () => {
    const price = priceOf(['input', 10n], ['cache_read', 1n], ['input', 20n, 100n])
    expect(rate(usageOf({ inputTokens: 101, cachedInputTokens: 10 }), price)).toBe(
      101n * 20_000n + 10n * 1_000n,
    )
  })

  it('rounds half up, once', () => {
    const price: Price = {
      id: 'price_fine',
      effectiveFromMs: 0,
      rates: [
        { unit: 'input', nanoUsdPerMillion: 500_000n, aboveInputTokens: 0n },
        { unit: 'output', nanoUsdPerMillion: 499_999n, aboveInputTokens: 0n },
      ],
    }
    expect(rate(usageOf({ inputTokens: 1 }), price)).toBe(1n)
    expect(rate(usageOf({ outputTokens: 1 }), price)).toBe(0n)
    expect(rate(usageOf({ inputTokens: 1, outputTokens: 1 }), price)).toBe(1n)
  })

  it('is the rational cost, to half a nano-dollar', () => {
    fc.assert(
      fc.property(anyUsage, flatPrice, (usage, price) => {
        const numerator = price.rates.reduce(
          (sum, { unit, nanoUsdPerMillion }) => sum + BigInt(usage[bucketOf[unit]]) * nanoUsdPerMillion,
          0n,
        )
        const doubleError = 2n * (rate(usage, price) * 1_000_000n - numerator)
        expect(doubleError).toBeGreaterThan(-1_000_000n)
        expect(doubleError).toBeLessThanOrEqual(1_000_000n)
      }),
    )
  })

  it('costs the same in one attempt or in two, but for the rounding of one', () => {
    fc.assert(
      fc.property(anyUsage, anyUsage, flatPrice, (one, other, price) => {
        const both = Object.fromEntries(
          Object.values(bucketOf).map((bucket) => [bucket, one[bucket] + other[bucket]]),
        ) as unknown as UsageCounts
        const difference = rate(both, price) - rate(one, price) - rate(other, price)
        expect([-1n, 0n, 1n]).toContain(difference)
      }),
    )
  })

  it('never falls when usage grows', () => {
    fc.assert(
      fc.property(
        anyUsage,
        flatPrice,
        fc.constantFrom(...Object.values(bucketOf)),
        tokenCount,
        (usage, price, bucket, more) => {
          const grown = { ...usage, [bucket]: usage[bucket] + more }
          expect(rate(grown, price)).toBeGreaterThanOrEqual(rate(usage, price))
        },
      ),
    )
  })
})
