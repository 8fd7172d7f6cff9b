import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { Document, StreamReader } from '../../conversation/dialect.js'
import { objectsOf, parseObject } from '../../conversation/json.js'
import type { Reply, ReplyEvent } from '../../conversation/reply.js'
import { assemble, gistOf } from '../../testing/assemble.js'
import { eventsOf } from '../../testing/events-of.js'
import { openaiResponses } from './openai-responses.js'

const pushAll = (reader: StreamReader, text: string): ReplyEvent[] => reader.push(Buffer.from(text))

const documentsIn = (sse: string): Document[] =>
  objectsOf(sse.split(/\r?\n\r?\n/).map((event) => parseObject(/^data: ?(\{.*)/m.exec(event)?.[1] ?? '')))

function written(events: ReplyEvent[], request: Document): string {
  const writer = openaiResponses.writeStream({ model: 'm' }, request)
  return events.map((event) => writer.write(event)).join('')
}

describe('a stream of responses, written', () => {
  const reply: Reply = {
    id: 'msg_1',
    model: 'claude',
    created: 1_700_000_000,
    choices: [
      {
        parts: [
          { type: 'reasoning', text: 'Let me see.', signature: { by: 'anthropic-messages', value: 'c2ln' } },
          {
            type: 'text',
            text: 'Grüße, 世界',
            citations: [{ url: 'https://a.example', title: 'A', start: 0, end: 5 }],
          },
          { type: 'text', text: ' and more' },
          { type: 'tool_call', id: 'toolu_1', name: 'a', arguments: '{"x":1}' },
          { type: 'tool_call', id: 'toolu_2', name: 'b', arguments: '' },
        ],
        stop: { reason: 'tool_calls' },
      },
    ],
    usage: {
      source: 'reported',
      inputTokens: 5,
      cachedInputTokens: 3,
      cacheWriteTokens: 2,
      outputTokens: 7,
      reasoningTokens: 4,
    },
  }

  it('is understood by OpenAI’s own accumulator', async () => {
    const text = written(eventsOf(reply), { model: 'm' })
    const client = new OpenAI({
      apiKey: 'x',
      fetch: () => Promise.resolve(new Response(text, { headers: { 'content-type': 'text/event-stream' } })),
    })
    const final = await client.responses.stream({ model: 'm', input: 'x' }).finalResponse()
    expect(final.output_text).toBe('Grüße, 世界 and more')
    expect(final.output.map(({ type }) => type)).toEqual([
      'reasoning',
      'message',
      'function_call',
      'function_call',
    ])
    expect(final.output).toMatchObject([
      { summary: [{ text: 'Let me see.' }], encrypted_content: expect.stringMatching(/^weir\./) as string },
      {
        status: 'completed',
        content: [{ annotations: [{ url: 'https://a.example' }] }, { text: ' and more' }],
      },
      { call_id: 'toolu_1', arguments: '{"x":1}', status: 'completed' },
      { call_id: 'toolu_2', arguments: '{}' },
    ])
    expect(final.usage).toEqual({
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 3, cache_write_tokens: 2 },
      output_tokens: 11,
      output_tokens_details: { reasoning_tokens: 4 },
      total_tokens: 21,
    })
  })

  it('numbers every event, and ends each thing that it began', () => {
    const events = documentsIn(written(eventsOf(reply), {}))
    expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_event, at) => at))
    expect(events.map(({ type }) => type).filter((type, at, types) => type !== types[at - 1])).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.annotation.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ])
  })

  it('brings another vendor’s reasoning home', () => {
    const { output } = openaiResponses.writeReply(reply, { model: 'm' }, {})
    const { turns } = openaiResponses.readRequest({ model: 'm', input: output })
    expect(turns[0]?.parts[0]).toMatchObject({
      type: 'reasoning',
      text: 'Let me see.',
      signature: { by: 'anthropic-messages', value: 'c2ln' },
    })
  })

  it('says what was cut off, and what failed', () => {
    const cut = {
      ...reply,
      choices: [{ parts: [{ type: 'text' as const, text: 'a' }], stop: { reason: 'length' as const } }],
    }
    expect(written(eventsOf(cut), {})).toContain('"incomplete_details":{"reason":"max_output_tokens"}')
    const writer = openaiResponses.writeStream({ model: 'm' }, {})
    const failed = writer.write({
      type: 'error',
      error: { status: 529, code: 'overloaded_error', message: 'Overloaded', cause: 'other' },
    })
    const told = { code: 'server_error', message: 'Overloaded' }
    expect(documentsIn(failed).slice(-2)).toMatchObject([
      { type: 'error', sequence_number: 2, ...told },
      { type: 'response.failed', sequence_number: 3, response: { status: 'failed', error: told } },
    ])
  })

  it('writes a call of a custom tool as one, and reads it back', () => {
    const request = { model: 'm', tools: [{ type: 'custom', name: 'apply_patch' }], input: 'x' }
    const call = {
      type: 'tool_call' as const,
      id: 'c',
      name: 'apply_patch',
      arguments: '{"input":"*** Begin\\n"}',
    }
    const patched: Reply = { ...reply, choices: [{ parts: [call], stop: { reason: 'tool_calls' } }] }
    const { output } = openaiResponses.writeReply(patched, { model: 'm' }, request)
    expect(output).toMatchObject([
      { type: 'custom_tool_call', call_id: 'c', name: 'apply_patch', input: '*** Begin\n' },
    ])
    const stream = written(eventsOf(patched), request)
    expect(stream).toContain('response.custom_tool_call_input.done')
    expect(gistOf(assemble(pushAll(openaiResponses.readStream(), stream)).reply)[0]?.calls).toEqual([
      { name: 'apply_patch', arguments: '{"input":"*** Begin\\n"}' },
    ])
    const { turns, tools } = openaiResponses.readRequest({ ...request, input: output })
    expect(turns[0]?.parts).toEqual([call])
    expect(tools).toMatchObject([{ type: 'function', name: 'apply_patch', schema: { required: ['input'] } }])
  })
})
