import { describe, expect, it } from 'vitest'
import type { ReplyEvent } from '../../conversation/reply.js'
import { assemble, gistOf } from '../../testing/assemble.js'
import { gemini } from './gemini.js'

const event = (value: object) => `data: ${JSON.stringify(value)}\r\n\r\n`
const candidate = (parts: object[], more: object = {}) => ({ content: { role: 'model', parts }, ...more })
const said = (parts: object[], more: object = {}) =>
  event({ responseId: 'r', modelVersion: 'gemini-2.5-pro', candidates: [candidate(parts, more)] })
const read = (text: string): ReplyEvent[] => gemini.readStream().push(Buffer.from(text))
const replyOf = (text: string) => assemble(read(text)).reply

describe('a stream of Gemini', () => {
  it('gives two calls of one event ids that stay the same', () => {
    const call = (id?: string) => ({ functionCall: { name: 'f', args: { n: 1 }, ...(id && { id }) } })
    const text = said([call(), call()]) + said([call('own')], { finishReason: 'STOP' })
    const calls = () => replyOf(text).choices[0]?.parts
    expect(calls()).toMatchObject([
      { id: 'call_r_0' },
      { id: 'call_r_1' },
      { id: 'own', arguments: '{"n":1}' },
    ])
    expect(calls()).toEqual(calls())
    expect(replyOf(text).choices[0]?.stop).toEqual({ reason: 'tool_calls' })
  })

  it('keeps the digits of arguments', () => {
    const text = `data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"id":12345678901234567890}}}]},"finishReason":"STOP"}]}\n\n`
    expect(gistOf(replyOf(text))[0]?.calls).toEqual([{ name: 'f', arguments: '{"id":12345678901234567890}' }])
  })

  it('tells several candidates apart, and ends when all have', () => {
    const both = (a: object, b: object) =>
      event({
        responseId: 'r',
        candidates: [
          candidate([{ text: 'a' }], { index: 0, ...a }),
          candidate([{ text: 'b' }], { index: 1, ...b }),
        ],
      })
    const cut = both({}, {}) + both({ finishReason: 'STOP' }, {})
    expect(read(cut).at(-1)?.type).not.toBe('end')
    const { reply, isEnded } = assemble(read(cut + said([], { index: 1, finishReason: 'MAX_TOKENS' })))
    expect(isEnded).toBe(true)
    expect(gistOf(reply)).toMatchObject([
      { text: 'aa', stop: 'end' },
      { text: 'bb', stop: 'length' },
    ])
  })

  it.each(['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'LANGUAGE', 'IMAGE_SAFETY'])(
    'takes %s for a filter',
    (finishReason) =>
      expect(replyOf(said([], { finishReason })).choices[0]?.stop.reason).toBe('content_filter'),
  )

  it('takes a prompt that was blocked for a filter, and says why', () => {
    const text = event({
      promptFeedback: { blockReason: 'SAFETY', blockReasonMessage: 'No.' },
      usageMetadata: {},
    })
    const { reply, isEnded } = assemble(read(text))
    expect(isEnded).toBe(true)
    expect(gistOf(reply)).toMatchObject([{ refusal: 'No.', stop: 'content_filter' }])
  })

  it('never ends without a word', () => {
    const text = said([], { finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'Malformed: f(' })
    expect(gistOf(replyOf(text))).toMatchObject([{ refusal: 'Malformed: f(', stop: 'refusal' }])
  })

  it('tells of an error, and of nothing after it', () => {
    const error = { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' }
    expect(read(said([{ text: 'a' }]) + event({ error }) + said([{ text: 'b' }])).at(-1)).toEqual({
      type: 'error',
      error: { status: 503, code: 'UNAVAILABLE', message: 'The model is overloaded.', cause: 'other' },
    })
  })

  it('reads log probabilities as OpenAI tells them', () => {
    const logprobsResult = {
      chosenCandidates: [{ token: 'é', logProbability: -0.5 }],
      topCandidates: [
        {
          candidates: [
            { token: 'é', logProbability: -0.5 },
            { token: 'e', logProbability: -1 },
          ],
        },
      ],
    }
    expect(
      replyOf(said([{ text: 'é' }], { finishReason: 'STOP', logprobsResult })).choices[0]?.logprobs,
    ).toEqual({
      content: [
        {
          ...{ token: 'é', logprob: -0.5, bytes: [195, 169] },
          top_logprobs: [
            { token: 'é', logprob: -0.5, bytes: [195, 169] },
            { token: 'e', logprob: -1, bytes: [101] },
          ],
        },
      ],
      refusal: [],
    })
  })

  it.each(['data: {"candidates"\n\n', 'data: [1]\n\n', said([], { index: -1 }), said([], { index: 1e9 })])(
    'refuses %j',
    (text) => expect(() => read(text)).toThrow(/stream/),
  )
})

describe('usage of Gemini', () => {
  it('is in buckets that do not overlap', () => {
    expect(
      gemini.readUsage({
        ...{ promptTokenCount: 100, cachedContentTokenCount: 40, toolUsePromptTokenCount: 7 },
        ...{ candidatesTokenCount: 20, thoughtsTokenCount: 5, trafficType: 'ON_DEMAND_FLEX' },
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 60 },
          { modality: 'AUDIO', tokenCount: 30 },
          { modality: 'IMAGE', tokenCount: 10 },
        ],
        cacheTokensDetails: [
          { modality: 'TEXT', tokenCount: 28 },
          { modality: 'AUDIO', tokenCount: 12 },
        ],
        candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 15 }],
      }),
    ).toEqual({
      source: 'reported',
      ...{ inputTokens: 39, audioInputTokens: 18, imageInputTokens: 10 },
      ...{ cachedInputTokens: 28, cachedAudioInputTokens: 12, cacheWriteTokens: 0 },
      ...{ outputTokens: 5, imageOutputTokens: 15, reasoningTokens: 5, serviceTier: 'flex' },
    })
  })

  it.each([{ promptTokenCount: -1 }, { promptTokenCount: 1, candidatesTokenCount: 1e20 }, {}, null, 'x'])(
    'is not believed when it cannot be true: %j',
    (usage) => expect(gemini.readUsage(usage)).toBeUndefined(),
  )
})

describe('a Gemini stream of several candidates', () => {
  const piece = (index: number, text: string, finishReason?: string) =>
    `data: ${JSON.stringify({
      candidates: [{ index, content: { parts: [{ text }] }, ...(finishReason && { finishReason }) }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2 },
    })}\r\n\r\n`

  it('goes on until all that were asked for have ended, also where one ends before another begins', () => {
    const text = piece(0, 'a', 'STOP') + piece(1, 'b') + piece(1, 'c', 'MAX_TOKENS')
    const { reply, isEnded } = assemble(gemini.readStream(2).push(Buffer.from(text)))
    expect(isEnded).toBe(true)
    expect(gistOf(reply)).toMatchObject([
      { text: 'a', stop: 'end' },
      { text: 'bc', stop: 'length' },
    ])
  })

  it('was cut where one of them never came', () => {
    const read = gemini.readStream(2).push(Buffer.from(piece(0, 'a', 'STOP')))
    expect(read.some(({ type }) => type === 'end')).toBe(false)
  })

  it('ends at once where the prompt was refused', () => {
    const refused = `data: ${JSON.stringify({ promptFeedback: { blockReason: 'SAFETY' } })}\n\n`
    expect(gemini.readStream(2).push(Buffer.from(refused)).at(-1)).toEqual({ type: 'end' })
  })
})
