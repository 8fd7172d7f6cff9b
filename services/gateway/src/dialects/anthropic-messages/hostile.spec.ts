import { AppError } from '@weir/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document } from '../../conversation/dialect.js'
import { sseEvent } from '../../conversation/sse.js'
import { TranslatedStream } from '../../conversation/translated-stream.js'
import { recordings } from '../../testing/recordings.js'
import { openAiChat } from '../openai-chat/openai-chat.js'
import { openAiCompletions } from '../openai-completions/openai-completions.js'
import { anthropicMessages } from './anthropic-messages.js'

const naming = { model: 'm' }
const chat = (delta: object, more: object = {}) =>
  sseEvent(JSON.stringify({ id: 'c', model: 'x', created: 1, choices: [{ index: 0, delta, ...more }] }))
const event = (value: Document) => sseEvent(JSON.stringify(value), String(value['type']))
const start = event({
  type: 'message_start',
  message: { id: 'msg_1', model: 'x', usage: { input_tokens: 1, output_tokens: 1 } },
})
const block = (index: number, value: Document) =>
  event({ type: 'content_block_start', index, content_block: value })
const delta = (index: number, value: Document) => event({ type: 'content_block_delta', index, delta: value })
const stop = (index: number) => event({ type: 'content_block_stop', index })
const end = (reason: string) =>
  event({
    type: 'message_delta',
    delta: { stop_reason: reason, stop_sequence: null },
    usage: { output_tokens: 3 },
  }) + event({ type: 'message_stop' })
const call = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }
const done = 'data: [DONE]\n\n'

const toMessages = () =>
  new TranslatedStream(openAiChat.readStream(), anthropicMessages.writeStream(naming, {}))
const toChat = () => new TranslatedStream(anthropicMessages.readStream(), openAiChat.writeStream(naming, {}))

describe('a hostile upstream (threat 27)', () => {
  it.each([
    ['an event that is not JSON', chat({ content: 'a' }) + 'data: {"choices":[\n\n' + done],
    [
      'arguments that are no JSON',
      chat({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{"a":' } }] }) + done,
    ],
    [
      'a call without a name',
      chat({ tool_calls: [{ index: 0, id: 'c', function: { arguments: '{}' } }] }) + done,
    ],
    ['an end without a beginning', done],
    ['a choice that is nowhere', sseEvent('{"choices":[{"index":-1,"delta":{}}]}')],
    ['a call that is nowhere', chat({ tool_calls: [{ index: 1e9, id: 'c', function: { name: 'f' } }] })],
    [
      'a call that goes on after its end',
      chat({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{}' } }] }) +
        chat({ tool_calls: [{ index: 1, id: 'd', function: { name: 'g', arguments: '' } }] }) +
        chat({ tool_calls: [{ index: 0, function: { arguments: 'x' } }] }),
    ],
  ])('ends no chat stream cleanly that has %s', (_what, text) => {
    const stream = toMessages()
    expect(() => stream.push(Buffer.from(text))).toThrow(/stream|reply/)
    expect(stream).toMatchObject({ done: false, isCut: true, ending: '' })
  })

  it.each([
    ['an event that is not JSON', start + 'event: ping\ndata: {"type"\n\n' + end('end_turn')],
    [
      'arguments that are no JSON',
      start +
        block(0, call) +
        delta(0, { type: 'input_json_delta', partial_json: '{"a":' }) +
        stop(0) +
        end('tool_use'),
    ],
    ['a block that has not begun', start + delta(0, { type: 'text_delta', text: 'x' })],
    [
      'a block that begins twice',
      start + block(0, { type: 'text', text: '' }) + block(0, { type: 'text', text: '' }),
    ],
    ['a block that never ends', start + block(0, { type: 'text', text: '' }) + end('end_turn')],
    ['two beginnings', start + start],
    ['content before its beginning', block(0, { type: 'text', text: '' })],
    ['an end without a beginning', event({ type: 'message_stop' })],
    ['a call without a name', start + block(0, { type: 'tool_use', id: 'x', input: {} })],
  ])('ends no stream of messages cleanly that has %s', (_what, text) => {
    const stream = toChat()
    expect(() => stream.push(Buffer.from(text))).toThrow(/stream/)
    expect(stream).toMatchObject({ done: false, isCut: true, ending: '' })
  })

  it('lets an answer that was cut short have begun a call and not ended it', () => {
    const stream = toChat()
    stream.push(
      Buffer.from(
        start +
          block(0, call) +
          delta(0, { type: 'input_json_delta', partial_json: '{"a":' }) +
          stop(0) +
          end('max_tokens'),
      ),
    )
    expect(stream.done).toBe(true)
    const other = toMessages()
    other.push(
      Buffer.from(
        chat({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{"a":' } }] }) +
          chat({}, { finish_reason: 'length' }) +
          done,
      ),
    )
    expect(other.done).toBe(true)
    expect(other.ending).toContain('"stop_reason":"max_tokens"')
  })

  it.each([-1, 1.5, 1e20, '5', null])('believes no count of %j', (count) => {
    expect(anthropicMessages.readUsage({ input_tokens: count, output_tokens: 1 })).toBeUndefined()
    for (const field of ['output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'])
      if (count !== null)
        expect(anthropicMessages.readUsage({ input_tokens: 1, [field]: count })).toBeUndefined()
    const tap = anthropicMessages.tapStream({})
    tap.push(
      Buffer.from(start + event({ type: 'message_delta', delta: {}, usage: { output_tokens: count ?? -1 } })),
    )
    expect(tap.usage).toMatchObject({ inputTokens: 1, outputTokens: 1 })
    expect(openAiChat.readUsage({ prompt_tokens: count, completion_tokens: 1 })).toBeUndefined()
  })

  it('tells an error of the upstream in the words of the API that was called, and nothing after it', () => {
    const error = event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })
    const stream = toChat()
    const shown = stream.push(Buffer.from(start + error + end('end_turn')))?.toString() ?? ''
    expect(stream).toMatchObject({ failed: true, done: false, isCut: false, ending: '' })
    expect(shown.trimEnd().split('\n').at(-1)).toBe(
      'data: {"error":{"message":"Overloaded","type":"server_error","param":null,"code":"overloaded_error"}}',
    )
    const other = toMessages()
    const told = other
      .push(
        Buffer.from(chat({ content: 'a' }) + sseEvent('{"error":{"message":"too many","code":429}}') + done),
      )
      ?.toString()
    expect(other).toMatchObject({ failed: true, done: false })
    expect(told).toContain(
      'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"too many"}}',
    )
    const tap = anthropicMessages.tapStream({})
    expect(tap.push(Buffer.from(start + error))?.toString()).toBe(start + error)
    expect(tap).toMatchObject({ failed: true, isCut: false, usage: { inputTokens: 1 } })
  })

  it('passes nothing that follows the end, and knows a stream that is cut', () => {
    const tap = anthropicMessages.tapStream({})
    const shown = tap.push(Buffer.from(start + end('end_turn') + start))?.toString()
    expect(shown).toBe(start + end('end_turn').replace(event({ type: 'message_stop' }), ''))
    expect(tap.push(Buffer.from(start))).toBeUndefined()
    expect(tap).toMatchObject({ done: true, ending: event({ type: 'message_stop' }) })
    const cut = anthropicMessages.tapStream({})
    expect(cut.push(Buffer.from(start + 'event: message_stop\ndata: {"type":'))?.toString()).toBe(start)
    expect(cut).toMatchObject({ isCut: true, ending: '' })
  })

  it('owes what was generated until the caller left, though the stream told of one token only', () => {
    const text =
      start + block(0, { type: 'text', text: '' }) + delta(0, { type: 'text_delta', text: 'x'.repeat(400) })
    for (const stream of [anthropicMessages.tapStream({}), toChat()]) {
      stream.push(Buffer.from(text))
      expect(stream.usage).toMatchObject({ source: 'estimated', inputTokens: 1, outputTokens: 100 })
      stream.push(Buffer.from(stop(0) + end('end_turn')))
      expect(stream.usage).toMatchObject({ source: 'reported', inputTokens: 1, outputTokens: 3 })
    }
  })

  it('ends no stream that passes cleanly when an event of it is broken', () => {
    const broken = 'data: {"choices":[{"delta":\n\n'
    for (const text of [broken, chat({ content: 'a' }) + broken, broken + chat({ content: 'a' }) + done]) {
      const tap = openAiChat.tapStream({ stream: true })
      expect(() => tap.push(Buffer.from(text))).toThrow('not JSON')
      expect(tap.isCut).toBe(true)
    }
    const tap = anthropicMessages.tapStream({})
    const text =
      start + 'event: content_block_delta\ndata: {"type":"content_block_delta","index"\n\n' + end('end_turn')
    expect(() => tap.push(Buffer.from(text))).toThrow('not JSON')
    expect(tap).toMatchObject({ isCut: true, ending: '' })
  })

  it('refuses an endless event', () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    for (const stream of [anthropicMessages.tapStream({}), toChat(), toMessages()])
      expect(() => {
        for (let i = 0; i < 10; i++) stream.push(chunk)
      }).toThrow('8 MiB')
  })
})

describe('what nobody has seen yet', () => {
  it('passes over events, blocks and pieces that it does not know', () => {
    const stream = toChat()
    const text =
      event({ type: 'brand_new', x: 1 }) +
      start +
      block(0, { type: 'hologram', data: 'x' }) +
      delta(0, { type: 'hologram_delta', data: 'y' }) +
      stop(0) +
      block(1, { type: 'text', text: 'Hi' }) +
      delta(1, { type: 'sparkle_delta' }) +
      stop(1) +
      end('entirely_new_reason')
    const shown = stream.push(Buffer.from(text))?.toString() ?? ''
    expect(stream.done).toBe(true)
    expect(shown).toContain('"content":"Hi"')
    expect(shown).toContain('"finish_reason":"stop"')
    expect(shown).not.toContain('hologram')
  })

  it('names in a request the block that the other dialect has no place for', () => {
    const request = {
      model: 'm',
      max_tokens: 5,
      messages: [{ role: 'user', content: [{ type: 'hologram' }] }],
      novelty: 1,
    }
    const conversation = anthropicMessages.readRequest(request)
    expect(conversation.unread).toEqual(['novelty'])
    expect(() => openAiChat.writeRequest(conversation, naming)).toThrow('hologram')
    expect(
      openAiChat.readRequest({ model: 'm', messages: [], novelty: 1, prompt_cache_key: 'x' }).unread,
    ).toEqual(['novelty', 'prompt_cache_key'])
  })

  const dialects = [openAiChat, anthropicMessages]
  const anything = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>([], {}, null, [null], [[]], '', -1))
  const samples = recordings(
    ({ api, bytes }: { api: string; bytes?: number }) =>
      ['messages', 'chat.completions'].includes(api) && (bytes ?? 0) < 40_000,
  )

  it.each((['request', 'reply', 'stream'] as const).filter(() => samples.length > 0))(
    'survives any value in any place of a %s',
    (what) => {
      fc.assert(
        fc.property(fc.constantFrom(...samples), fc.nat(), anything, (sample, place, value) => {
          const source = what === 'request' ? sample.request.body : (sample.response.body ?? {})
          const changed = replaceAt(source, place, value)
          for (const dialect of dialects) {
            try {
              if (what === 'request')
                for (const to of dialects) to.writeRequest(dialect.readRequest(changed as Document), naming)
              else if (what === 'reply')
                for (const to of [...dialects, openAiCompletions])
                  to.writeReply(dialect.readReply(changed as Document), naming, {})
              else for (const to of dialects) streamOf(sample.response.sse ?? '', place, value, dialect, to)
            } catch (error) {
              // Named by somebody who looked: a request's fault is the caller's, a reply's one of the provider.
              if (what === 'request') expect(error).toBeInstanceOf(AppError)
              else expect((error as Error).message).toMatch(/reply|stream/)
            }
          }
        }),
        { numRuns: 300 },
      )
    },
  )
})

type Both = typeof openAiChat

function streamOf(sse: string, place: number, value: unknown, from: Both, to: Both): void {
  const events = sse.split('\n\n')
  const at = place % events.length
  events[at] = (events[at] ?? '').replace(
    /^data: (\{.*)$/m,
    (_line, json: string) => `data: ${JSON.stringify(replaceAt(JSON.parse(json), place, value))}`,
  )
  const stream = new TranslatedStream(from.readStream(), to.writeStream(naming, {}))
  stream.push(Buffer.from(events.join('\n\n')))
}

/** A copy of a document with a value in one of its places. */
function replaceAt(document: unknown, place: number, value: unknown): unknown {
  const copy: unknown = structuredClone(document)
  const places: [Record<string, unknown>, string][] = []
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key])
      walk((node as Record<string, unknown>)[key])
    }
  }
  walk(copy)
  const found = places[place % Math.max(1, places.length)]
  if (found) found[0][found[1]] = value
  return copy
}
