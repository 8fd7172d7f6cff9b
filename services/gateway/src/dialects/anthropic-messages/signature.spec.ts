import { describe, expect, it } from 'vitest'
import type { Signature } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { objectsOf } from '../../conversation/json.js'
import type { Reply } from '../../conversation/reply.js'
import { joinCallId, sealSignature } from '../../conversation/signature.js'
import { openAiChat } from '../openai-chat/openai-chat.js'
import { anthropicMessages } from './anthropic-messages.js'

const toAnthropic = (request: Document, model = 'claude-sonnet-4-5') =>
  anthropicMessages.writeRequest(openAiChat.readRequest({ model: 'm', messages: hello, ...request }), {
    model,
  })
const hello = [{ role: 'user', content: 'Hello' }]
const chatCall = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })

describe('what a vendor has signed', () => {
  const own: Signature = { by: 'anthropic-messages', value: 'c2ln' }
  const foreign: Signature = { by: 'gemini', value: 'Z2Vt' }
  const reply = (signature: Signature): Reply => ({
    ...{ id: 'x', model: 'm', created: 1, usage: undefined },
    choices: [
      {
        stop: { reason: 'tool_calls' },
        parts: [
          { type: 'reasoning', text: 'Hm', signature },
          { type: 'reasoning', text: '', signature: { ...signature, isHidden: true } },
          {
            type: 'tool_call',
            id: 'call_1',
            name: 'f',
            arguments: '{}',
            ...(signature.by === 'gemini' && { signature }),
          },
        ],
      },
    ],
  })
  const sentBack = (message: unknown, results: Document) => ({ messages: [...hello, message, results] })

  it.each([own, foreign])('goes out to a chat caller and comes home: $by', (signature) => {
    const written = openAiChat.writeReply(reply(signature), { model: 'm' }, {})
    const message = objectsOf(written['choices'])[0]?.['message'] as Document
    expect(message['reasoning_content']).toBe('Hm')
    const id = objectsOf(message['tool_calls'])[0]?.['id']
    const back = openAiChat.readRequest({
      model: 'm',
      ...sentBack(message, { role: 'tool', tool_call_id: id, content: 'x' }),
    })
    expect(back.turns[1]?.parts).toEqual(reply(signature).choices[0]?.parts)
    expect(back.turns[2]?.parts).toMatchObject([{ callId: 'call_1' }])
    // Anthropic sees its own, and no other vendor's.
    const sent = anthropicMessages.writeRequest(back, { model: 'claude-sonnet-4-5' }).document
    const thinking = objectsOf(objectsOf(sent['messages'])[1]?.['content']).filter(
      ({ type }) => type !== 'tool_use',
    )
    expect(thinking).toEqual(
      signature === own
        ? [
            { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
            { type: 'redacted_thinking', data: 'c2ln' },
          ]
        : [],
    )
  })

  it('goes out to a caller of the Messages API and comes home', () => {
    const written = anthropicMessages.writeReply(reply(foreign), { model: 'm' }, {})
    const [thinking, hidden, call] = objectsOf(written['content'])
    expect(thinking).toEqual({ type: 'thinking', thinking: 'Hm', signature: sealSignature(foreign) })
    expect(hidden).toMatchObject({ type: 'redacted_thinking' })
    expect(call?.['id']).toBe(joinCallId('call_1', foreign))
    const result = {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: call?.['id'], content: 'x' }],
    }
    const message = { role: 'assistant', content: written['content'] }
    const back = anthropicMessages.readRequest({ model: 'm', max_tokens: 1, ...sentBack(message, result) })
    expect(back.turns[1]?.parts).toEqual(reply(foreign).choices[0]?.parts)
    expect(back.turns[2]?.parts).toMatchObject([{ callId: 'call_1' }])
  })

  it('is taken from LiteLLM’s and OpenRouter’s clients too', () => {
    const thinking_blocks = [{ type: 'thinking', thinking: 'Hm', signature: 'c2ln' }]
    const reasoning_details = [
      { type: 'reasoning.text', text: 'Hm', signature: 'c2ln', format: 'anthropic-claude-v1' },
    ]
    for (const more of [{ thinking_blocks }, { reasoning_details }]) {
      const { document } = toAnthropic({
        messages: [...hello, { role: 'assistant', content: 'A', ...more }, ...hello],
      })
      expect(objectsOf(document['messages'])[1]?.['content']).toEqual([
        thinking_blocks[0],
        { type: 'text', text: 'A' },
      ])
    }
  })

  it('goes back to the chat vendor that gave it, and to no other', () => {
    const detail = {
      type: 'reasoning.text',
      text: 'Hm',
      signature: 'x',
      format: 'google-gemini-v1',
      index: 0,
    }
    const message = { role: 'assistant', content: 'A', reasoning_details: [detail] }
    const answer = openAiChat.readReply({ choices: [{ message, finish_reason: 'stop' }] })
    const written = anthropicMessages.writeReply(answer, { model: 'm' }, {})
    const messages = [...hello, { role: 'assistant', content: written['content'] }, ...hello]
    const back = anthropicMessages.readRequest({ model: 'm', max_tokens: 1, messages })
    expect(objectsOf(openAiChat.writeRequest(back, { model: 'm' }).document['messages'])[1]).toEqual(message)
    const [, assistant] = objectsOf(anthropicMessages.writeRequest(back, { model: 'm' }).document['messages'])
    expect(assistant?.['content']).toEqual([{ type: 'text', text: 'A' }])
  })
})

describe('ids of calls', () => {
  it('are rewritten alike in call and result where a vendor takes no such id', () => {
    const odd = `call:${'x'.repeat(60)}`
    const messages = [
      ...hello,
      { role: 'assistant', tool_calls: [chatCall(odd)] },
      { role: 'tool', tool_call_id: odd, content: 'x' },
    ]
    const [, call, result] = objectsOf(toAnthropic({ messages }).document['messages'])
    const id = objectsOf(call?.['content'])[0]?.['id']
    expect(id).toMatch(/^toolu_[a-zA-Z0-9_-]{24}$/)
    expect(objectsOf(result?.['content'])[0]?.['tool_use_id']).toBe(id)
    const chat = objectsOf(
      openAiChat.writeRequest(openAiChat.readRequest({ model: 'm', messages }), { model: 'm' }).document[
        'messages'
      ],
    )
    const sent = objectsOf(chat[1]?.['tool_calls'])[0]?.['id']
    expect(sent).toMatch(/^call_.{24}$/)
    expect(chat[2]?.['tool_call_id']).toBe(sent)
  })
})
