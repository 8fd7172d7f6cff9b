import { describe, expect, it } from 'vitest'
import type { Document } from '../../conversation/dialect.js'
import { joinCallId, sealSignature } from '../../conversation/signature.js'
import { anthropicMessages } from '../anthropic-messages/anthropic-messages.js'
import { openAiChat } from './openai-chat.js'

const signature = { by: 'gemini' as const, value: 'Z2Vt' }
const sealed = sealSignature(signature)
const id = joinCallId('call_1', signature)
const hello = { role: 'user', content: 'Hello' }

const pass = (dialect: typeof openAiChat, document: Document, providerType: string): unknown =>
  JSON.parse(dialect.toUpstreamBody(document, { model: 'theirs', providerType }))

describe('a chat request that passes', () => {
  const call = { type: 'function', function: { name: 'f', arguments: '{}' } }
  const own = { type: 'reasoning.text', text: 'Hm', signature: 'x', format: 'anthropic-claude-v1', index: 1 }
  const thought = {
    reasoning_content: 'Hm',
    reasoning_details: [{ type: 'reasoning.text', signature: sealed }, own],
  }
  const document = {
    model: 'ours',
    messages: [
      hello,
      { role: 'assistant', content: null, ...thought, tool_calls: [{ id, ...call }] },
      { role: 'tool', tool_call_id: id, content: '"weir." is a word' },
    ],
  }

  it('brings no vendor what another one has signed', () => {
    expect(pass(openAiChat, document, 'openai_compatible')).toEqual({
      model: 'theirs',
      messages: [
        hello,
        {
          role: 'assistant',
          content: null,
          reasoning_content: 'Hm',
          reasoning_details: [own],
          tool_calls: [{ id: 'call_1', ...call }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '"weir." is a word' },
      ],
    })
  })

  it('brings OpenAI no reasoning, which it has no field for', () => {
    const messages = [hello, { role: 'assistant', content: 'A', reasoning_content: 'Hm' }]
    expect(pass(openAiChat, { messages }, 'openai')).toMatchObject({
      messages: [hello, { role: 'assistant', content: 'A' }],
    })
    expect(pass(openAiChat, { messages }, 'openai')).not.toHaveProperty('messages.1.reasoning_content')
    expect(pass(openAiChat, { messages }, 'openai_compatible')).toHaveProperty(
      'messages.1.reasoning_content',
      'Hm',
    )
  })

  it('is otherwise as it came, whatever is in it', () => {
    const odd = { messages: ['x', null, { role: 'user', content: '"reasoning_x" __sig_' }], stream: false }
    expect(pass(openAiChat, odd, 'openai')).toEqual({ ...odd, model: 'theirs' })
    expect(pass(openAiChat, { messages: '"weir.__sig_' }, 'openai')).toEqual({
      messages: '"weir.__sig_',
      model: 'theirs',
    })
  })
})

describe('a request of the Messages API that passes', () => {
  it('brings Anthropic nothing that another vendor has signed', () => {
    const own = { type: 'thinking', thinking: 'Hm', signature: 'c2ln' }
    const messages = (callId: string, thoughts: Document[]) => [
      hello,
      { role: 'assistant', content: [...thoughts, { type: 'tool_use', id: callId, name: 'f', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: callId, content: 'x' }] },
    ]
    const foreign = [{ ...own, signature: sealed }, { type: 'redacted_thinking', data: sealed }, own]
    expect(pass(anthropicMessages, { max_tokens: 1, messages: messages(id, foreign) }, 'anthropic')).toEqual({
      ...{ model: 'theirs', max_tokens: 1, messages: messages('call_1', [own]) },
    })
  })

  it('is otherwise as it came, whatever is in it', () => {
    const odd = {
      messages: ['x', { content: [null, 1, { type: 'thinking' }] }, { content: '__sig_' }],
      novelty: [1],
    }
    expect(pass(anthropicMessages, odd, 'anthropic')).toEqual({ ...odd, model: 'theirs' })
  })
})
