import { type Price, rate, type Rate } from '@weir/rating'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EndpointName, OutputTerms } from '../inference/endpoint.js'
import { boundOf as boundOfRequest } from './money-bound.js'

const rateOf = (unit: Rate['unit'], nanoUsdPerMillion: bigint, aboveInputTokens = 0n): Rate => ({
  ...{ unit, nanoUsdPerMillion, aboveInputTokens },
})

const price = (...rates: Rate[]): Price => ({ id: 'price_1', effectiveFromMs: 0, rates })
const plain = price(rateOf('input', 1_000_000n), rateOf('output', 2_000_000n))
const limits = { modelTokens: 0, defaultTokens: 1_000, providerType: 'openai_compatible' }
const document = (fields: Record<string, unknown> = {}) => ({ model: 'm', messages: [], ...fields })

const outputOf = (...fields: string[]): OutputTerms => ({ fields, fieldFor: () => fields.at(-1) ?? '' })
const outputs: Partial<Record<EndpointName, OutputTerms>> = {
  chat: {
    fields: ['max_completion_tokens', 'max_tokens'],
    fieldFor: (type) => (type === 'openai' ? 'max_completion_tokens' : 'max_tokens'),
  },
  completions: outputOf('max_tokens'),
  messages: outputOf('max_tokens'),
  responses: outputOf('max_output_tokens'),
}

const boundOfKind = (kind: EndpointName, fields: Record<string, unknown>, bytes: number, prices = plain) =>
  boundOfRequest(
    { kind, document: { model: 'm', ...fields }, bytes, output: outputs[kind] ?? outputOf() },
    prices,
    limits,
  )

const boundOf = (fields: ReturnType<typeof document>, bytes: number, prices: Price, given = limits) =>
  boundOfRequest({ kind: 'chat', document: fields, bytes, output: outputs.chat ?? outputOf() }, prices, given)

/** Nano-dollars of a request whose body has no bytes and costs a nano-dollar a token. */
const amountOf = (kind: EndpointName, fields: Record<string, unknown>, bytes = 0, prices = plain) =>
  boundOfKind(kind, fields, bytes, prices).amountNanoUsd

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
    const openai = { ...limits, providerType: 'openai' }
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

  it('takes the limit of the model before the one that is configured, and sends it', () => {
    const known = { ...limits, modelTokens: 400 }
    expect(boundOf(document(), 0, plain, known).amountNanoUsd).toBe(64n + 800n)
    expect(boundOf(document(), 0, plain, known).document['max_tokens']).toBe(400)
    expect(boundOf(document({ max_tokens: 10 }), 0, plain, known).amountNanoUsd).toBe(64n + 20n)
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

  it('threat 21: counts what a caller may leave to the provider: kept conversations, its own tools', () => {
    const request = { max_output_tokens: 1 }
    expect(amountOf('responses', request)).toBe(64n + 2n)
    expect(amountOf('responses', { ...request, previous_response_id: 'resp_1' })).toBe(1_000_064n + 2n)
    const tools = [{ type: 'function', name: 'f' }, { type: 'web_search' }]
    expect(amountOf('responses', { ...request, tools })).toBe(101_064n + 2n)
    const searching = price(...plain.rates, rateOf('web_search', 10_000_000_000n))
    expect(amountOf('responses', { ...request, tools }, 0, searching)).toBe(101_064n + 2n + 100_000n)
  })

  it('threat 21: counts what vendors tell their models of tools and forms', () => {
    const functions = [{ type: 'function', function: { name: 'f' } }]
    expect(amountOf('chat', { messages: [], max_tokens: 1, tools: functions })).toBe(1_064n + 2n)
    const prediction = { type: 'content', content: 'x' }
    const predicted = { messages: [], max_tokens: 1, n: 2, prediction }
    expect(amountOf('chat', predicted, 100)).toBe(164n + 4n + 400n)
    const format = { type: 'json_object' }
    expect(amountOf('chat', { messages: [], max_tokens: 1, response_format: format })).toBe(1_064n + 2n)
  })

  it('counts the output of responses and messages by their own limits', () => {
    expect(amountOf('responses', { input: 'x', max_output_tokens: 10 })).toBe(64n + 20n)
    expect(amountOf('responses', { input: 'x', max_tokens: 10 })).toBe(64n + 2_000n)
    expect(amountOf('messages', { messages: [], max_tokens: 10, n: 7 })).toBe(64n + 20n)
    const { document: sent } = boundOfKind('responses', { input: 'x' }, 0)
    expect(sent['max_output_tokens']).toBe(1_000)
    const lowered = boundOfKind('responses', { input: 'x', max_output_tokens: 100 }, 0).limitedTo(164n)
    expect(lowered['max_output_tokens']).toBe(50)
  })

  it.each([
    ['responses', { input: [{ role: 'user', content: [{ type: 'input_image' }, { type: 'input_text' }] }] }],
    ['responses', { input: [{ type: 'function_call_output', output: [{ type: 'input_file' }] }] }],
    ['messages', { messages: [{ role: 'user', content: [{ type: 'document' }, { type: 'text' }] }] }],
    ['chat', { messages: [{ role: 'assistant', tool_calls: [{ type: 'x' }] }, { content: [{}] }] }],
    ['messages', { messages: [{ content: [{ type: 'tool_result', content: [{ type: 'image' }] }] }] }],
  ] as const)('counts what is not text in %s, however deep: %j', (kind, fields) => {
    const limited = { ...fields, max_tokens: 1, max_output_tokens: 1 }
    expect(amountOf(kind, limited)).toBe(50_064n + 2n)
  })

  it('threat 21: counts every answer of a completion: of each prompt, and those that are thrown away', () => {
    const request = { prompt: 'x', max_tokens: 10 }
    expect(amountOf('completions', request)).toBe(64n + 20n)
    expect(amountOf('completions', { ...request, n: 3 })).toBe(64n + 60n)
    expect(amountOf('completions', { ...request, n: 3, best_of: 20 })).toBe(64n + 400n)
    expect(amountOf('completions', { ...request, prompt: ['a', 'b', 'c'], n: 2 })).toBe(64n + 120n)
    expect(amountOf('completions', { ...request, prompt: [1, 2, 3] })).toBe(64n + 20n)
  })

  it('threat 21: counts a batch of embeddings by its bytes, and needs no rate of output', () => {
    const inputOnly = price(rateOf('input', 1_000_000n))
    const input = Array.from({ length: 500 }, () => 'text')
    const bound = boundOfKind('embeddings', { input }, 4_000, inputOnly)
    expect([bound.amountNanoUsd, bound.leastNanoUsd]).toEqual([4_064n, 4_064n])
    expect(bound.limitedTo(1n)).toBe(bound.document)
    expect(bound.document).toEqual({ model: 'm', input })
  })

  it('threat 21: counts each image, by the piece or by its tokens', () => {
    const perImage = price(rateOf('image', 40_000_000_000n))
    expect(amountOf('images', { prompt: 'x', n: 3 }, 0, perImage)).toBe(120_000n)
    const perToken = price(rateOf('input', 0n), rateOf('image_output', 1_000_000n))
    expect(amountOf('images', { prompt: 'x', n: 3 }, 0, perToken)).toBe(60_000n)
    expect(() => amountOf('images', { n: '3' }, 0, perImage)).toThrow(/whole number/)
    expect(() => amountOf('images', {}, 0, price(rateOf('input', 1n)))).toThrow(/no rate for image/)
  })

  it('counts sound by its bytes, speech by its characters, a rerank by its documents', () => {
    expect(amountOf('transcriptions', {}, 1_000, price(rateOf('second', 1_000_000n)))).toBe(2n)
    expect(amountOf('speech', { input: 'x' }, 300, price(rateOf('character', 1_000_000n)))).toBe(300n)
    const documents = Array.from({ length: 101 }, () => 'x')
    expect(amountOf('rerank', { documents }, 400, price(rateOf('search', 1_000_000n)))).toBe(2n)
    expect(amountOf('moderations', { input: 'x' }, 0, price(rateOf('request', 5_000_000n)))).toBe(5n)
  })

  it('takes the dearest level of service that the price knows', () => {
    const tiered: Price = {
      ...plain,
      serviceTiers: [{ serviceTier: 'priority', rates: [rateOf('output', 9_000_000n)] }],
    }
    expect(amountOf('chat', { max_tokens: 1 }, 0, tiered)).toBe(64n + 9n)
  })
})
