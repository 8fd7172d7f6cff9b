import { calcPrice, findProvider } from '@pydantic/genai-prices'
import { parsePrice, priceInForce, rate, type UsageCounts } from '@weir/rating'
import { describe, expect, it } from 'vitest'
import { findPublicPrices } from './public-prices.js'

const openai = { type: 'openai', baseUrl: 'https://api.openai.com/v1' }

/** The list's vendors by an address of theirs. */
const addresses: Record<string, string> = {
  anthropic: 'https://api.anthropic.com/v1',
  azure: 'https://acme.openai.azure.com/openai/v1',
  cerebras: 'https://api.cerebras.ai/v1',
  deepseek: 'https://api.deepseek.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta/openai',
  groq: 'https://api.groq.com/openai/v1',
  mistral: 'https://api.mistral.ai/v1',
  openai: 'https://api.openai.com/v1',
  openrouter: 'https://openrouter.ai/api/v1',
  perplexity: 'https://api.perplexity.ai',
  together: 'https://api.together.xyz/v1',
  'x-ai': 'https://api.x.ai/v1',
}

/** Fresh, cached, written, output and reasoning tokens, below and above every tier. */
const usages: UsageCounts[] = [
  { inputTokens: 1_000, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 500, reasoningTokens: 0 },
  { inputTokens: 70, cachedInputTokens: 30, cacheWriteTokens: 11, outputTokens: 7, reasoningTokens: 3 },
  {
    inputTokens: 300_000,
    cachedInputTokens: 90_000,
    cacheWriteTokens: 10_000,
    outputTokens: 4_000,
    reasoningTokens: 999,
  },
]

function costBy(usage: UsageCounts, model: string, baseUrl: string, at: Date): number | undefined {
  return calcPrice(
    {
      input_tokens: usage.inputTokens + usage.cachedInputTokens + usage.cacheWriteTokens,
      cache_read_tokens: usage.cachedInputTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      output_tokens: usage.outputTokens + usage.reasoningTokens,
      output_reasoning_tokens: usage.reasoningTokens,
    },
    model,
    { providerApiUrl: baseUrl, timestamp: at },
  )?.total_price
}

describe('public prices', () => {
  it.each(Object.entries(addresses))(
    "rate %s's models as the list's own reader does, on any date",
    (vendor, baseUrl) => {
      const models = findProvider({ providerId: vendor })?.models ?? []
      expect(models.length).toBeGreaterThan(3)
      let compared = 0
      for (const { id } of models) {
        const terms = findPublicPrices({ type: 'openai_compatible', baseUrl }, id)
        if (typeof terms === 'string') continue
        const dates = [
          new Date('2024-01-01'),
          ...terms.map(({ effectiveFromMs }) => new Date(effectiveFromMs)),
          new Date('2030-01-01'),
        ]
        for (const at of dates) {
          const inForce = priceInForce(terms, at.getTime())
          expect(inForce, id).toBeDefined()
          const price = parsePrice({ id, effectiveFromMs: '0', rates: inForce?.rates ?? [] })
          for (const usage of usages) {
            let cost: bigint
            try {
              cost = rate(usage, price)
            } catch {
              // A model without a price for output is one that has no output.
              expect(price.rates.some(({ unit }) => unit === 'output')).toBe(false)
              continue
            }
            const expected = costBy(usage, id, baseUrl, at)
            expect(Number(cost) / 1e9, `${id} at ${at.toISOString()}`).toBeCloseTo(expected ?? Number.NaN, 8)
            compared++
          }
        }
      }
      expect(compared).toBeGreaterThan(5)
    },
  )

  it('are whole nano-dollars, to the last digit of the list', () => {
    expect(findPublicPrices(openai, 'gpt-4o-2024-11-20')).toEqual([
      {
        effectiveFromMs: 0,
        rates: [
          { unit: 'input', nanoUsdPerMillion: '2500000000', aboveInputTokens: '0' },
          { unit: 'cache_read', nanoUsdPerMillion: '1250000000', aboveInputTokens: '0' },
          { unit: 'output', nanoUsdPerMillion: '10000000000', aboveInputTokens: '0' },
        ],
      },
    ])
  })

  it('know when a price changed', () => {
    const terms = findPublicPrices(openai, 'o3')
    if (typeof terms === 'string') throw new Error(terms)
    expect(terms.map(({ effectiveFromMs, rates }) => [effectiveFromMs, rates[0]?.nanoUsdPerMillion])).toEqual(
      [
        [0, '10000000000'],
        [Date.UTC(2025, 5, 10), '2000000000'],
      ],
    )
  })

  it('are those of the vendor that is called, not of the one that made the model', () => {
    const azure = findPublicPrices(
      { type: 'openai_compatible', baseUrl: 'https://acme.openai.azure.com/openai/v1' },
      'gpt-4o',
    )
    expect(Array.isArray(azure)).toBe(true)
    for (const baseUrl of ['http://127.0.0.1:8080/v1', 'https://llm.example.com/v1']) {
      expect(findPublicPrices({ type: 'openai_compatible', baseUrl }, 'gpt-4o')).toMatch(/has no price/)
    }
    expect(findPublicPrices({ type: 'sandbox', baseUrl: null }, 'gpt-4o')).toMatch(/has no price/)
  })

  it.each([
    [openai, 'gpt-nonsense', /has no price/],
    [openai, '', /has no price/],
    [{ type: 'openai_compatible', baseUrl: 'https://api.perplexity.ai' }, 'sonar', /per request/],
    [{ type: 'openai_compatible', baseUrl: 'https://api.deepseek.com' }, 'deepseek-chat', /time of day/],
    [{ type: 'openai_compatible', baseUrl: 'https://api.mistral.ai/v1' }, 'mistral-ocr-latest', /per token/],
  ])('say why there are none: %j %s', (provider, model, reason) => {
    expect(findPublicPrices(provider, model)).toMatch(reason)
  })
})
