import { describe, expect, it } from 'vitest'
import { readUsage, toUpstreamBody } from './chat-completions.js'
import { parseDocument } from '../../inference/document.js'
import type { ChatDocument } from './chat-completions.js'

describe('toUpstreamBody', () => {
  it('changes the model and asks for usage in streams, and nothing else', () => {
    const document: ChatDocument = {
      model: 'a',
      stream: true,
      stream_options: { x: 1 },
      unknown: { deep: [null] },
      n: 2,
    }
    expect(JSON.parse(toUpstreamBody(document, 'b'))).toEqual({
      ...document,
      model: 'b',
      stream_options: { x: 1, include_usage: true },
    })
    expect(JSON.parse(toUpstreamBody({ model: 'a', seed: 1 }, 'b'))).toEqual({ model: 'b', seed: 1 })
  })

  it('keeps numbers that a double would round, and `__proto__`, as they came', () => {
    const text =
      '{"model":"a","max_completion_tokens":9223372036854775807,"f":0.12345678901234567890,"s":"1234567890123456789","__proto__":{"x":1}}'
    const body = toUpstreamBody(parseDocument(Buffer.from(text)) as ChatDocument, 'b')
    expect(body).toBe(text.replace('"a"', '"b"'))
  })

  it('leaves one of two equal fields, the same that was judged', () => {
    const body = toUpstreamBody(
      parseDocument(Buffer.from('{"model":"x","model":"a","user":"1","user":"2"}')) as ChatDocument,
      'b',
    )
    expect(body).toBe('{"model":"b","user":"2"}')
  })
})

describe('readUsage', () => {
  it('makes disjoint buckets', () => {
    expect(
      readUsage({
        prompt_tokens: 100,
        completion_tokens: 50,
        prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
        completion_tokens_details: { reasoning_tokens: 20 },
      }),
    ).toEqual({
      source: 'reported',
      inputTokens: 30,
      cachedInputTokens: 60,
      cacheWriteTokens: 10,
      outputTokens: 30,
      reasoningTokens: 20,
    })
  })

  it('takes reasoning that a vendor counts apart from the output', () => {
    expect(
      readUsage({
        prompt_tokens: 1,
        completion_tokens: 5,
        completion_tokens_details: { reasoning_tokens: 9 },
      }),
    ).toMatchObject({
      outputTokens: 5,
      reasoningTokens: 9,
    })
  })

  it.each([undefined, null, 'x', {}, { prompt_tokens: -1 }, { prompt_tokens: 1e30, completion_tokens: 1 }])(
    'finds none in %j',
    (value) => expect(readUsage(value)).toBeUndefined(),
  )
})
