import { calcPrice, findProvider } from '@pydantic/genai-prices'
import { parsePrice, priceInForce, rate, type UsageCounts, type UsageUnit } from '@weir/rating'
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
  {
    ...{ inputTokens: 500, cachedInputTokens: 40, cacheWriteTokens: 11, outputTokens: 7, reasoningTokens: 0 },
    ...{ cacheWrite1hTokens: 13, audioInputTokens: 170, imageInputTokens: 190, imageOutputTokens: 23 },
    ...{ audioOutputTokens: 29, webSearches: 3, fileSearches: 2 },
  },
]

function costBy(usage: UsageCounts, model: string, baseUrl: string, at: Date): number | undefined {
  const sum = (...counts: (number | undefined)[]) =>
    counts.reduce<number>((all, count) => all + (count ?? 0), 0)
  const audioRead = usage.cachedAudioInputTokens
  const imageRead = usage.cachedImageInputTokens
  const written1h = usage.cacheWrite1hTokens
  return calcPrice(
    {
      input_tokens: sum(
        ...[usage.inputTokens, usage.cachedInputTokens, usage.cacheWriteTokens, written1h],
        ...[usage.audioInputTokens, audioRead, usage.imageInputTokens, imageRead, usage.videoInputTokens],
      ),
      cache_read_tokens: sum(usage.cachedInputTokens, audioRead, imageRead),
      cache_write_tokens: sum(usage.cacheWriteTokens, written1h),
      cache_write_1h_tokens: sum(written1h),
      input_audio_tokens: sum(usage.audioInputTokens, audioRead),
      cache_audio_read_tokens: sum(audioRead),
      input_image_tokens: sum(usage.imageInputTokens, imageRead),
      cache_image_read_tokens: sum(imageRead),
      input_video_tokens: sum(usage.videoInputTokens),
      output_tokens: sum(
        ...[usage.outputTokens, usage.reasoningTokens, usage.audioOutputTokens],
        ...[usage.imageOutputTokens, usage.videoOutputTokens],
      ),
      output_reasoning_tokens: usage.reasoningTokens,
      output_audio_tokens: sum(usage.audioOutputTokens),
      output_image_tokens: sum(usage.imageOutputTokens),
      output_video_tokens: sum(usage.videoOutputTokens),
      web_searches: sum(usage.webSearches),
      storage_searches: sum(usage.fileSearches),
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
          const has = (unit: UsageUnit) => price.rates.some((rate) => rate.unit === unit)
          for (const { webSearches, fileSearches, ...tokens } of usages) {
            // What has no rate is not free here, but has no cost there.
            const usage: UsageCounts = {
              ...tokens,
              ...(has('web_search') && { webSearches }),
              ...(has('file_search') && { fileSearches }),
            }
            let cost: bigint
            try {
              cost = rate(usage, price)
            } catch {
              // A model without a price for output is one that has no output.
              expect(has('output')).toBe(false)
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
    const terms = findPublicPrices(openai, 'gpt-4o-2024-11-20')
    if (typeof terms === 'string') throw new Error(terms)
    expect(terms).toMatchObject([{ effectiveFromMs: 0 }])
    expect(terms[0]?.rates).toEqual([
      { unit: 'input', nanoUsdPerMillion: '2500000000', aboveInputTokens: '0' },
      { unit: 'cache_read', nanoUsdPerMillion: '1250000000', aboveInputTokens: '0' },
      { unit: 'output', nanoUsdPerMillion: '10000000000', aboveInputTokens: '0' },
      { unit: 'web_search', nanoUsdPerMillion: '10000000000000', aboveInputTokens: '0' },
      { unit: 'file_search', nanoUsdPerMillion: '2500000000000', aboveInputTokens: '0' },
    ])
  })

  it('know what OpenAI takes for its levels of service', () => {
    const terms = findPublicPrices(openai, 'gpt-4o-2024-11-20')
    if (typeof terms === 'string') throw new Error(terms)
    const { rates = [], serviceTiers = [] } = terms[0] ?? {}
    const price = parsePrice({ id: 'any', effectiveFromMs: '0', rates, serviceTiers })
    const usage = { ...usages[1]!, cacheWriteTokens: 0, inputTokens: 1_000_000, cachedInputTokens: 1_000_000 }
    const million = { ...usage, outputTokens: 1_000_000, reasoningTokens: 0 }
    expect(rate(million, price)).toBe(13_750_000_000n)
    expect(rate({ ...million, serviceTier: 'flex' }, price)).toBe(6_875_000_000n)
    expect(rate({ ...million, serviceTier: 'priority' }, price)).toBe(23_375_000_000n)
    const o1 = findPublicPrices(openai, 'o1')
    if (typeof o1 === 'string') throw new Error(o1)
    expect(o1[0]?.serviceTiers?.map(({ serviceTier }) => serviceTier)).toEqual(['batch', 'flex'])
  })

  it('are per second, image token, search and request where the vendor says so', () => {
    const ratesOf = (provider: { type: string; baseUrl: string | null }, model: string) => {
      const terms = findPublicPrices(provider, model)
      if (typeof terms === 'string') throw new Error(terms)
      return Object.fromEntries(
        terms[0]!.rates.map(({ unit, nanoUsdPerMillion }) => [unit, nanoUsdPerMillion]),
      )
    }
    // 0.36 dollars an hour are 100 dollars a million seconds.
    expect(ratesOf(openai, 'whisper-1')).toEqual({ second: '100000000000' })
    expect(ratesOf(openai, 'gpt-image-1')).toMatchObject({
      image_input: '10000000000',
      output: '40000000000',
    })
    expect(ratesOf(openai, 'gpt-4o')).toMatchObject({ web_search: '10000000000000' })
    expect(ratesOf(openai, 'omni-moderation-latest')).toEqual({ request: '0' })
    const perplexity = { type: 'openai_compatible', baseUrl: 'https://api.perplexity.ai' }
    expect(ratesOf(perplexity, 'sonar')).toMatchObject({ request: '12000000000000' })
  })

  it.each([
    ['anthropic', 'claude-sonnet-4-5', 'cache_write_1h'],
    ['azure_openai', 'gpt-4o', 'cache_read'],
    ['gemini', 'gemini-2.5-flash', 'audio_input'],
    ['bedrock', 'anthropic.claude-3-5-sonnet-20241022-v2:0', 'cache_write'],
  ])('of %s are found by the type alone', (type, model, unit) => {
    const terms = findPublicPrices({ type, baseUrl: 'http://127.0.0.1:8080' }, model)
    if (typeof terms === 'string') throw new Error(terms)
    expect(terms.at(-1)?.rates.map((rate) => rate.unit)).toContain(unit)
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
    [{ type: 'openai_compatible', baseUrl: 'https://api.deepseek.com' }, 'deepseek-chat', /time of day/],
    [{ type: 'openai_compatible', baseUrl: 'https://api.mistral.ai/v1' }, 'mistral-ocr-latest', /kpages/],
  ])('say why there are none: %j %s', (provider, model, reason) => {
    expect(findPublicPrices(provider, model)).toMatch(reason)
  })
})
