import { type Price, rate, type Rate } from '@weir/rating'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundOf } from './money-bound.js'

const rateOf = (unit: Rate['unit'], nanoUsdPerMillion: bigint, aboveInputTokens = 0n): Rate => ({
  ...{ unit, nanoUsdPerMillion, aboveInputTokens },
})

const price = (...rates: Rate[]): Price => ({ id: 'price_1', effectiveFromMs: 0, rates })
const plain = price(rateOf('input', 1_000_000n), rateOf('output', 2_000_000n))
const limits = { defaultTokens: 1_000, field: 'max_tokens' as const }
const document = (fields: Record<string, unknown> = {}) => ({ model: 'm', messages: [], ...fields })

describe('the bound of an attempt', () => {
  it('counts each byte as a token, and the whole output in each choice', () => {
    expect(boundOf(document({ max_tokens: 10 }), 100, plain, limits).amountNanoUsd).toBe(164n + 20n)
    expect(boundOf(document({ max_tokens: 10, n: 5 }), 100, plain, limits).amountNanoUsd).toBe(164n + 100n)
    expect(boundOf(document(), 100, plain, limits).amountNanoUsd).toBe(164n + 2_000n)
  })

  it('takes the larger of two limits, and sends one where there is none', () => {
    const two = document({ max_tokens: 10, max_completion_tokens: 30 })
    expect(boundOf(two, 0, plain, limits).amountNanoUsd).toBe(64n + 60n)
    expect(boundOf(two, 0, plain, limits).document).toBe(two)
    expect(boundOf(document(), 0, plain, limits).document['max_tokens']).toBe(1_000)
    const openai = { ...limits, field: 'max_completion_tokens' as const }
    expect(boundOf(document({ max_tokens: null }), 0, plain, openai).document).toMatchObject({
      max_completion_tokens: 1_000,
    })
  })

  it('takes the dearest rate: of caches, of reasoning, of each tier that may apply', () => {
    const dear = price(
      ...[rateOf('input', 1_000_000n), rateOf('output', 2_000_000n)],
      ...[rateOf('cache_write', 3_000_000n), rateOf('reasoning', 7_000_000n)],
      ...[rateOf('input', 90_000_000n, 200n)],
    )
    expect(boundOf(document({ max_tokens: 1 }), 36, dear, limits).amountNanoUsd).toBe(300n + 7n)
    expect(boundOf(document({ max_tokens: 1 }), 137, dear, limits).amountNanoUsd).toBe(201n * 90n + 7n)
  })

  it('counts an image as more than its address', () => {
    const content = [
      { type: 'text', text: 'What is it?' },
      { type: 'image_url', image_url: { url: 'x' } },
    ]
    const request = document({ messages: [{ role: 'user', content }], max_tokens: 1 })
    expect(boundOf(request, 0, plain, limits).amountNanoUsd).toBe(50_064n + 2n)
  })

  it.each([{ n: '50' }, { n: 0 }, { n: 1.5 }, { max_tokens: '1' }, { max_completion_tokens: -1 }, { n: {} }])(
    'refuses %j, which some provider may understand otherwise',
    (fields) => {
      expect(() => boundOf(document(fields), 0, plain, limits)).toThrow(/must be a whole number/)
    },
  )

  it('threat 21: refuses a model whose price leaves out input or output', () => {
    for (const rates of [
      [rateOf('input', 1n)],
      [rateOf('output', 1n)],
      [rateOf('input', 1n, 5n), rateOf('output', 1n)],
    ]) {
      expect(() => boundOf(document(), 0, price(...rates), limits)).toThrow(/no rate for/)
    }
  })

  it('threat 21: is never below the cost, whatever a provider reports within the limits', () => {
    const anyRate = fc.bigInt({ min: 0n, max: 10_000_000_000n })
    const anyCount = fc.nat({ max: 500 })
    const anyCase = fc.record({
      rates: fc.tuple(anyRate, anyRate, anyRate, anyRate, anyRate, anyRate),
      tier: fc.bigInt({ min: 1n, max: 800n }),
      bytes: fc.nat({ max: 1_000 }),
      maxTokens: fc.integer({ min: 1, max: 500 }),
      n: fc.integer({ min: 1, max: 5 }),
      shares: fc.tuple(anyCount, anyCount, anyCount, anyCount, anyCount),
    })
    fc.assert(
      fc.property(anyCase, ({ rates, tier, bytes, maxTokens, n, shares }) => {
        const [input, output, cacheRead, cacheWrite, reasoning, above] = rates
        const all = price(
          ...[rateOf('input', input), rateOf('output', output), rateOf('cache_read', cacheRead)],
          ...[
            rateOf('cache_write', cacheWrite),
            rateOf('reasoning', reasoning),
            rateOf('input', above, tier),
          ],
        )
        const share = (total: number, parts: number[]) => {
          const sum = parts.reduce((a, b) => a + b, 1)
          return parts.map((part) => Math.floor((total * part) / sum))
        }
        const [inputTokens = 0, cachedInputTokens = 0, cacheWriteTokens = 0] = share(
          bytes,
          shares.slice(0, 3),
        )
        const [outputTokens = 0, reasoningTokens = 0] = share(maxTokens * n, shares.slice(3))
        const usage = { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens }
        const bound = boundOf(document({ max_tokens: maxTokens, n }), bytes, all, limits)
        expect(rate(usage, all) <= bound.amountNanoUsd).toBe(true)
        expect(bound.leastNanoUsd <= bound.amountNanoUsd).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it('limits the output to what fits into less', () => {
    const bound = boundOf(document({ max_tokens: 100, n: 2 }), 0, plain, limits)
    expect(bound.amountNanoUsd).toBe(64n + 400n)
    expect(bound.leastNanoUsd).toBe(64n + 64n)
    expect(bound.limitedTo(464n)).toBe(bound.document)
    expect(bound.limitedTo(264n)).toMatchObject({ max_tokens: 50, n: 2 })
    expect(bound.limitedTo(267n)).toMatchObject({ max_tokens: 50 })
    const unlimited = boundOf(document(), 0, plain, limits)
    expect(unlimited.limitedTo(264n)).toMatchObject({ max_tokens: 100 })
    const both = boundOf(document({ max_tokens: 100, max_completion_tokens: 10 }), 0, plain, limits)
    expect(both.limitedTo(124n)).toMatchObject({ max_tokens: 30, max_completion_tokens: 10 })
  })
})
