import { describe, expect, it } from 'vitest'
import type { Part } from '../../conversation/conversation.js'
import { objectsOf } from '../../conversation/json.js'
import { sseEvent } from '../../conversation/sse.js'
import { assemble } from '../../testing/assemble.js'
import { openAiChat } from './openai-chat.js'

const chunk = (delta: object, more: object = {}) =>
  sseEvent(JSON.stringify({ id: 'c', model: 'm', created: 1, choices: [{ index: 0, delta, ...more }] }))
const read = (...chunks: string[]) => {
  const text = [...chunks, chunk({}, { finish_reason: 'tool_calls' }), 'data: [DONE]\n\n'].join('')
  return assemble(openAiChat.readStream().push(Buffer.from(text))).reply
}
const partsOf = (...chunks: string[]): Part[] => read(...chunks).choices[0]?.parts ?? []
const piece = (
  index: number | undefined,
  id: string | undefined,
  name: string | undefined,
  args: string,
) => ({
  ...{ index, id, type: 'function', function: { name, arguments: args } },
})
const call = (id: unknown, name: string, args: string) => ({ type: 'tool_call', id, name, arguments: args })

describe('a chat stream', () => {
  it('has calls that come one after the other, or overlap', () => {
    expect(
      partsOf(
        chunk({ tool_calls: [piece(0, 'a', 'f', '')] }),
        chunk({ tool_calls: [piece(0, undefined, undefined, '{"x":')] }),
        chunk({ tool_calls: [piece(1, 'b', 'g', ''), piece(0, undefined, undefined, '1}')] }),
        chunk({ tool_calls: [piece(1, undefined, undefined, '{}')] }),
      ),
    ).toEqual([call('a', 'f', '{"x":1}'), call('b', 'g', '{}')])
  })

  it('tells calls apart that have no index, or all the same one', () => {
    const calls = [call('a', 'f', '{}'), call('b', 'f', '{"x":1}')]
    const whole = (index: number | undefined) =>
      partsOf(
        chunk({ tool_calls: [piece(index, 'a', 'f', '{}')] }),
        chunk({ tool_calls: [piece(index, 'b', 'f', '{"x":1}')] }),
      )
    expect(whole(0)).toEqual(calls)
    expect(whole(undefined)).toEqual(calls)
    const anyId = expect.stringMatching(/^call_[0-9a-f]{24}$/) as unknown
    const nameless = partsOf(
      chunk({ tool_calls: [piece(undefined, undefined, 'f', '{}'), piece(undefined, '', 'g', '{}')] }),
    )
    expect(nameless).toEqual([call(anyId, 'f', '{}'), call(anyId, 'g', '{}')])
  })

  it('keeps Google’s proof of a call for the way back', () => {
    const extra_content = { google: { thought_signature: 'x' } }
    const [part] = partsOf(chunk({ tool_calls: [{ ...piece(0, 'a', 'f', '{}'), extra_content }] }))
    const turns = [{ role: 'assistant' as const, parts: part ? [part] : [] }]
    const request = {
      system: [],
      turns,
      tools: [],
      sampling: {},
      stream: false,
      tellsStreamUsage: false,
      unread: [],
    }
    const { document } = openAiChat.writeRequest(request, { model: 'm' })
    expect(objectsOf(objectsOf(document['messages'])[0]?.['tool_calls'])[0]).toMatchObject({
      id: 'a',
      extra_content,
    })
  })

  it('has a call of the kind of 2023, and one whose input is a text', () => {
    expect(
      partsOf(
        chunk({ function_call: { name: 'f', arguments: '{' } }),
        chunk({ function_call: { arguments: '}' } }),
      ),
    ).toEqual([call(expect.any(String), 'f', '{}')])
    const custom = (input: string, more: object = {}) =>
      chunk({ tool_calls: [{ index: 0, ...more, custom: { input } }] })
    const reply = read(
      chunk({ tool_calls: [{ index: 0, id: 'a', type: 'custom', custom: { name: 'sh' } }] }),
      custom('l'),
      custom('s'),
    )
    const value = { id: 'a', type: 'custom', custom: { name: 'sh', input: 'ls' } }
    expect(reply.choices[0]?.parts).toEqual([
      { type: 'native', dialect: 'openai-chat', name: 'custom', value },
    ])
    const written = openAiChat.writeReply(reply, { model: 'm' }, {})
    expect(objectsOf(written['choices'])[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [value] },
    })
    const writer = openAiChat.writeStream({ model: 'm' }, {})
    const start = {
      type: 'native' as const,
      native: reply.choices[0]?.parts[0] as Extract<Part, { type: 'native' }>,
    }
    expect(writer.write({ type: 'part_start', choice: 0, part: 0, start })).toContain(
      JSON.stringify({ index: 0, ...value }),
    )
  })

  it('has log probabilities with its text, and several choices', () => {
    const logprobs = { content: [{ token: 'a', logprob: -1, bytes: [97], top_logprobs: [] }], refusal: null }
    const text =
      chunk({ content: 'a' }, { logprobs }) +
      chunk({ content: 'b' }, { index: 1 }) +
      chunk({}, { finish_reason: 'length' }) +
      chunk({}, { index: 1, finish_reason: 'stop' }) +
      'data: [DONE]\n\n'
    const events = openAiChat.readStream().push(Buffer.from(text))
    const { reply } = assemble(events)
    expect(reply.choices).toMatchObject([
      { parts: [{ text: 'a' }], stop: { reason: 'length' }, logprobs: { content: logprobs.content } },
      { parts: [{ text: 'b' }], stop: { reason: 'end' } },
    ])
    const writer = openAiChat.writeStream({ model: 'm' }, {})
    const written = events.map((event) => writer.write(event)).join('')
    expect(assemble(openAiChat.readStream().push(Buffer.from(written))).reply.choices).toEqual(reply.choices)
  })

  it('goes on after it has said why it stops, and begins where its text does', () => {
    const parts = partsOf(
      sseEvent(JSON.stringify({ id: '', choices: [], prompt_filter_results: [] })),
      chunk({ content: 'a', annotations: [] }, { finish_reason: 'stop' }),
      chunk({ content: 'b' }, { finish_reason: 'stop' }),
    )
    expect(parts).toEqual([{ type: 'text', text: 'ab' }])
  })
})
