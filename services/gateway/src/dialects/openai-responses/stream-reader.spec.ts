import { describe, expect, it } from 'vitest'
import type { StreamReader } from '../../conversation/dialect.js'
import type { ReplyEvent } from '../../conversation/reply.js'
import { assemble, gistOf } from '../../testing/assemble.js'
import { openaiResponses } from './openai-responses.js'
import { ResponsesTap } from './responses-tap.js'

const pushAll = (reader: StreamReader, text: string): ReplyEvent[] => reader.push(Buffer.from(text))

describe('a stream of responses, hostile', () => {
  const event = (value: object) => `data: ${JSON.stringify(value)}\n\n`
  const created = event({ type: 'response.created', response: { id: 'resp_1' } })

  it.each([
    ['what is not JSON', created + 'data: {"type":\n\n'],
    ['a list', created + 'data: []\n\n'],
    ['arguments of nothing', created + event({ type: 'response.function_call_arguments.delta', delta: '{' })],
  ])('refuses %s', (_what, text) => {
    expect(() => pushAll(openaiResponses.readStream(), text)).toThrow('he stream')
  })

  it('passes over events, items and contents that nobody knows', () => {
    const item = { type: 'telepathy_call', id: 't', status: 'completed' }
    const text =
      created +
      event({ type: 'response.telepathy.began', output_index: 0 }) +
      event({ type: 'response.output_item.added', output_index: 0, item }) +
      event({ type: 'response.output_item.done', output_index: 0, item }) +
      event({ type: 'response.completed', response: { status: 'completed', output: [item], usage: null } })
    const { reply, isEnded } = assemble(pushAll(openaiResponses.readStream(), text))
    expect(isEnded).toBe(true)
    expect(reply.choices[0]?.parts).toEqual([
      { type: 'native', dialect: 'openai-responses', name: 'telepathy_call', value: item },
    ])
  })

  it('takes an answer of which only the last event came', () => {
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }]
    const text = event({ type: 'response.completed', response: { id: 'r', status: 'completed', output } })
    const { reply } = assemble(pushAll(openaiResponses.readStream(), text))
    expect(gistOf(reply)[0]).toMatchObject({ text: 'Hi', stop: 'end' })
  })

  it('knows a failure', () => {
    const failed = event({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'slow down' } },
    })
    expect(pushAll(openaiResponses.readStream(), created + failed).at(-1)).toEqual({
      type: 'error',
      error: { status: 429, code: 'rate_limit_exceeded', message: 'slow down', cause: 'other' },
    })
    const tap = new ResponsesTap()
    expect(tap.push(Buffer.from(created + failed))?.toString()).toBe(created)
    expect(tap).toMatchObject({ failed: true, isCut: false, done: false, ending: failed })
  })

  it('estimates what was generated, over any length', () => {
    const tap = new ResponsesTap()
    const delta = (text: string) => event({ type: 'response.output_text.delta', delta: text })
    for (let i = 0; i < 2_000; i++) tap.push(Buffer.from(delta('abcd')))
    tap.push(Buffer.from(event({ type: 'response.function_call_arguments.delta', delta: '{"x":"y' })))
    expect(tap.estimateOutputTokens()).toBeGreaterThanOrEqual(2_002)
    expect(tap.estimateOutputTokens()).toBeLessThan(2_010)
  })

  it('ends none cleanly that has a broken event in it', () => {
    const broken = 'data: {"type":"response.output_text.delta","delta"\n\n'
    const completed = event({ type: 'response.completed', response: { output: [] } })
    for (const text of [broken, created + broken, created + broken + completed]) {
      const tap = new ResponsesTap()
      expect(() => tap.push(Buffer.from(text))).toThrow('not JSON')
      expect(tap).toMatchObject({ isCut: true, ending: '' })
    }
  })

  it('does not take the words of a text for the end', () => {
    const text = event({ type: 'response.output_text.delta', delta: '"error" event: response.completed' })
    const tap = new ResponsesTap()
    expect(tap.push(Buffer.from(text))?.toString()).toBe(text)
    expect(tap.isCut).toBe(true)
  })

  it.each([-1, 1.5, 1e20, '5'])('believes no usage of %j tokens', (count) => {
    expect(openaiResponses.readUsage({ input_tokens: count, output_tokens: 1 })).toBeUndefined()
    expect(openaiResponses.readUsage({ input_tokens: 1, output_tokens: count })).toBeUndefined()
  })
})
