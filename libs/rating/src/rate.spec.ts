import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Price } from './price.js'
import { dearestRate, rate, UnratedUnit } from './rate.js'
import { inputUnits, outputUnits, type UsageBucket, type UsageUnit, usageUnitTable } from './unit.js'
import { serviceTierOf, type UsageCounts } from './usage.js'

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
/** All that is charged by how much of it there is; a request is charged as such. */
const counted = usageUnitTable.filter(({ unit }) => unit !== 'request')
const anyUsage = fc.record(
  Object.fromEntries(counted.map(({ bucket }) => [bucket, tokenCount])) as Record<
    UsageBucket,
    typeof tokenCount
  >,
)
const nanoUsdPerMillion = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const flatPrice = fc
  .tuple(
    ...counted.map(({ unit }) =>
      nanoUsdPerMillion.map((rate) => ({ unit, nanoUsdPerMillion: rate, aboveInputTokens: 0n })),
    ),
  )
  .map((rates): Price => ({ id: 'price_any', effectiveFromMs: 0, rates }))

const bucketOf = Object.fromEntries(usageUnitTable.map(({ unit, bucket }) => [unit, bucket])) as Record<
  UsageUnit,
  UsageBucket
>

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

  it.each(usageUnitTable)('charges for $bucket the rate of $unit', ({ unit, bucket }) => {
    expect(rate(usageOf({ [bucket]: 1_000 }), priceOf([unit, 7n]))).toBe(7_000_000n)
  })

  it('lets a lifetime of an hour cost what it says, else as one of five minutes', () => {
    const usage = usageOf({ cacheWriteTokens: 1_000, cacheWrite1hTokens: 1_000 })
    expect(rate(usage, priceOf(['input', 4n], ['cache_write', 5n], ['cache_write_1h', 8n]))).toBe(13_000_000n)
    expect(rate(usage, priceOf(['input', 4n], ['cache_write', 5n]))).toBe(10_000_000n)
    expect(rate(usage, priceOf(['input', 4n]))).toBe(8_000_000n)
  })

  it('lets sound and pictures cost what text does where the price does not tell them apart', () => {
    const usage = usageOf({ audioInputTokens: 1_000, imageInputTokens: 1_000, videoOutputTokens: 1_000 })
    expect(rate(usage, priceOf(['input', 2n], ['output', 3n]))).toBe(7_000_000n)
    expect(rate(usage, priceOf(['input', 2n], ['output', 3n], ['audio_input', 40n]))).toBe(45_000_000n)
  })

  it('takes cached sound for fresh sound rather than for cached text', () => {
    const usage = usageOf({ cachedAudioInputTokens: 1_000 })
    expect(rate(usage, priceOf(['input', 2n], ['cache_read', 1n], ['audio_input', 40n]))).toBe(40_000_000n)
    expect(rate(usage, priceOf(['input', 2n], ['cache_read', 1n]))).toBe(1_000_000n)
  })

  it.each(['images', 'characters', 'audioSeconds', 'searches', 'webSearches', 'fileSearches'] as const)(
    'does not call %s free that the price says nothing about',
    (bucket) => {
      const usage = usageOf({ inputTokens: 1_000, [bucket]: 1 })
      const refused = () => rate(usage, priceOf(['input', 1n], ['output', 1n]))
      expect(refused).toThrow(UnratedUnit)
      expect(refused).toThrow(expect.objectContaining({ ratedNanoUsd: 1_000_000n }))
    },
  )

  it('charges a request that used anything once, where requests have a rate', () => {
    const price = priceOf(['input', 1n], ['request', 5_000n])
    expect(rate(usageOf({ inputTokens: 1_000 }), price)).toBe(6_000_000n)
    expect(rate(usageOf({ chargedRequests: 1 }), price)).toBe(5_000_000n)
    expect(rate(usageOf({ inputTokens: 1_000, chargedRequests: 1 }), price)).toBe(6_000_000n)
    expect(rate(usageOf({}), price)).toBe(0n)
    expect(rate(usageOf({ chargedRequests: 1 }), priceOf(['request', 0n]))).toBe(0n)
  })

  it('counts sound, pictures and every cache into the input that decides the tier', () => {
    const price = priceOf(['input', 1n], ['input', 10n, 1_000n])
    const inputs = usageUnitTable.filter(({ side }) => side === 'input').map(({ bucket }) => bucket)
    const usage = usageOf(Object.fromEntries(inputs.map((bucket) => [bucket, 126])))
    expect(inputs).toHaveLength(9)
    expect(rate(usage, price)).toBe(9n * 126n * 10_000n)
    expect(rate({ ...usage, inputTokens: 0 }, price)).toBe(8n * 126n * 10_000n)
    expect(rate({ ...usage, inputTokens: 0, videoInputTokens: 118 }, price)).toBe(1_000n * 1_000n)
  })

  it('prices a level of service by its own rates, and by the usual ones where it has none', () => {
    const price: Price = {
      ...priceOf(['input', 10n], ['cache_read', 1n], ['output', 30n]),
      serviceTiers: [{ serviceTier: 'flex', rates: priceOf(['input', 5n], ['output', 15n]).rates }],
    }
    const usage = usageOf({ inputTokens: 1_000, cachedInputTokens: 1_000, reasoningTokens: 1_000 })
    expect(rate({ ...usage, serviceTier: 'flex' }, price)).toBe(21_000_000n)
    expect(rate(usage, price)).toBe(41_000_000n)
  })

  it('assumes no discount that nobody states, and knows no cost of a surcharge that nobody states', () => {
    const price = priceOf(['input', 10n], ['output', 30n])
    const usage = usageOf({ inputTokens: 1_000 })
    expect(rate({ ...usage, serviceTier: 'batch' }, price)).toBe(10_000_000n)
    expect(() => rate({ ...usage, serviceTier: 'priority' }, price)).toThrow(
      expect.objectContaining({ unit: 'priority', ratedNanoUsd: 10_000_000n }),
    )
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

describe('dearestRate', () => {
  const price: Price = {
    ...priceOf(['input', 10n], ['audio_input', 40n], ['output', 30n], ['input', 50n, 1_000n]),
    serviceTiers: [{ serviceTier: 'priority', rates: priceOf(['output', 60n]).rates }],
  }

  it('is that of any unit, tier and level of service that may apply', () => {
    expect(dearestRate(price, ['input'], 1_000n)).toBe(10n * usd)
    expect(dearestRate(price, ['input'], 1_001n)).toBe(50n * usd)
    expect(dearestRate(price, inputUnits, 1_000n)).toBe(40n * usd)
    expect(dearestRate(price, outputUnits, 1_000n)).toBe(60n * usd)
    expect(dearestRate(price, ['image'], 1_000n)).toBeUndefined()
  })

  it('bounds what any usage costs', () => {
    fc.assert(
      fc.property(anyUsage, flatPrice, (usage, price) => {
        const bound = counted.reduce(
          (sum, { unit, bucket }) => sum + BigInt(usage[bucket]) * (dearestRate(price, [unit], 0n) ?? 0n),
          0n,
        )
        expect(rate(usage, price)).toBeLessThanOrEqual(bound / 1_000_000n + 1n)
      }),
    )
  })
})

describe('serviceTierOf', () => {
  it('knows what is priced apart, and takes the rest for usual', () => {
    expect(['flex', 'priority', 'batch', 'fast'].map(serviceTierOf)).not.toContain(undefined)
    expect(['default', 'standard', 'auto', 'on_demand', 'scale', '', null, 5].map(serviceTierOf)).toEqual(
      Array(8).fill(undefined),
    )
  })
})
