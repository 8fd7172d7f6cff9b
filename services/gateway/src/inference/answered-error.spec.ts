import { describe, expect, it } from 'vitest'
import { embeddings } from '../endpoints/embeddings.js'
import { attemptedCall } from '../testing/attempted-call.js'
import { chat, messages, responses } from './conversation-endpoints.js'
import type { Endpoint } from './endpoint.js'

const error = { error: { message: 'Provider returned error', code: 429 } }
const said = { messages: [{ role: 'user', content: 'hello' }], max_tokens: 5, input: 'hello' }

const read = (endpoint: Endpoint, type: string, reply: unknown) =>
  endpoint
    .exchange(attemptedCall(endpoint, said, { type }))
    .readWhole(Buffer.from(JSON.stringify(reply)), 'application/json')

describe('an answer with status 200', () => {
  it.each([
    ['chat', chat, 'openai_compatible'],
    ['responses', responses, 'openai'],
    ['messages', messages, 'anthropic'],
    ['chat, translated', chat, 'anthropic'],
    ['messages, translated', messages, 'openai_compatible'],
    ['embeddings', embeddings, 'openai_compatible'],
  ] as const)('that is an error is none (%s)', (_name, endpoint, type) => {
    expect(() => read(endpoint, type, error)).toThrow()
    expect(() => read(endpoint, type, { error: 'overloaded' })).toThrow()
    expect(() => read(endpoint, type, [])).toThrow()
  })

  it('may tell an error beside what it answers', () => {
    expect(() => read(chat, 'openai_compatible', { choices: [], ...error })).not.toThrow()
    expect(() => read(responses, 'openai', { output: [], status: 'failed', ...error })).not.toThrow()
    expect(() => read(embeddings, 'openai', { data: [], error: null })).not.toThrow()
  })
})
