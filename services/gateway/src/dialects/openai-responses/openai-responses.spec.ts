import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Conversation } from '../../conversation/conversation.js'
import type { Document, StreamReader } from '../../conversation/dialect.js'
import { asObject, asText, objectsOf, parseObject } from '../../conversation/json.js'
import type { Reply, ReplyEvent } from '../../conversation/reply.js'
import { assemble, gistOf } from '../../testing/assemble.js'
import { eventsOf } from '../../testing/events-of.js'
import { cutAt, recordings, recordingsMissing, type Recording } from '../../testing/recordings.js'
import { gemini } from '../gemini/gemini.js'
import { openaiResponses } from './openai-responses.js'
import { ResponsesTap } from './responses-tap.js'

const all = recordings(({ api, status }) => api === 'responses' && status === 200)
const finished = all.filter(
  ({ stop }) => !stop.some((status) => status === 'queued' || status === 'in_progress'),
)
const streams = finished.filter(({ stream }) => stream)
const refused = recordings(({ api, status }) => api === 'responses' && status >= 400)
const asked = recordings(({ api }) => api === 'responses').filter(
  ({ request }) => asObject(request.body)?.['input'],
)
const title = (name: string) => `${name}${recordingsMissing ? ` (${recordingsMissing})` : ''}`
const named = (list: Recording[]) => list.map((recording) => [recording.file, recording] as const)

function pushAll(reader: StreamReader, text: string, cuts: number[] = []): ReplyEvent[] {
  return cutAt(Buffer.from(text), cuts).flatMap((chunk) => reader.push(chunk))
}

function replyOf({ response }: Recording): Reply {
  if (response.sse === undefined) return openaiResponses.readReply(response.body as Document)
  const { reply, isEnded } = assemble(pushAll(openaiResponses.readStream(), response.sse))
  expect(isEnded).toBe(true)
  return reply
}

const documentsIn = (sse: string): Document[] =>
  objectsOf(sse.split(/\r?\n\r?\n/).map((event) => parseObject(/^data: ?(\{.*)/m.exec(event)?.[1] ?? '')))

/** The whole response of a recording; of a stream, the one in its last event. */
function responseOf({ response }: Recording): Document {
  if (response.sse === undefined) return response.body as Document
  const last = documentsIn(response.sse).find(({ type }) => type === 'response.completed')
  return asObject(last?.['response']) ?? {}
}

/** What the recording's own response says, read without the dialect. */
function stated(recording: Recording) {
  const items = objectsOf(responseOf(recording)['output'])
  const contents = items.flatMap((item) => (item['type'] === 'message' ? objectsOf(item['content']) : []))
  const thoughts = items.filter(({ type }) => type === 'reasoning')
  return {
    text: contents.map(({ text }) => asText(text) ?? '').join(''),
    reasoning: thoughts
      .map((item) =>
        [...objectsOf(item['summary']), ...objectsOf(item['content'])].map(({ text }) => text).join('\n\n'),
      )
      .join(''),
    calls: items
      .filter(({ type }) => type === 'function_call')
      .map((item) => ({ name: item['name'], arguments: item['arguments'] })),
    signatures: thoughts.filter((item) => item['encrypted_content']).length,
    natives: items.filter(({ type }) => !['message', 'function_call', 'reasoning'].includes(String(type)))
      .length,
    citations: contents.flatMap((part) => objectsOf(part['annotations'])).length,
  }
}

function expectUsage(usage: Reply['usage'], { usage: recorded }: Recording): void {
  const { input, output, reasoning } = recorded
  const cached = recorded.cached ?? 0
  const written = recorded.cache_write ?? 0
  expect(usage).toMatchObject({
    source: 'reported',
    inputTokens: (input ?? 0) - cached - written,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    outputTokens: (output ?? 0) - (reasoning ?? 0),
    reasoningTokens: reasoning ?? 0,
  })
}

describe.skipIf(recordingsMissing)(title('openai-responses, replayed'), () => {
  it.each(named(finished))('reads %s', (_file, recording) => {
    const reply = replyOf(recording)
    const { text, reasoning, calls, ...counts } = stated(recording)
    const parts = reply.choices[0]?.parts ?? []
    const stop = calls.length > 0 ? 'tool_calls' : 'end'
    expect(gistOf(reply)).toEqual([{ text, refusal: '', reasoning, calls, stop }])
    expect({
      signatures: parts.filter((part) => part.type === 'reasoning' && part.signature).length,
      natives: parts.filter(({ type }) => type === 'native').length,
      citations: parts.flatMap((part) => (part.type === 'text' ? (part.citations ?? []) : [])).length,
    }).toEqual(counts)
    expectUsage(reply.usage, recording)
  })

  it.each(named(finished))('writes %s again, whole and as a stream', (_file, recording) => {
    const reply = replyOf(recording)
    const request = asObject(recording.request.body) ?? {}
    const whole = openaiResponses.readReply(openaiResponses.writeReply(reply, { model: 'm' }, request))
    expect(gistOf(whole)).toEqual(gistOf(reply))
    expect(whole.choices[0]?.parts.map(({ type }) => type)).toEqual(
      reply.choices[0]?.parts.map(({ type }) => type),
    )
    expectUsage(whole.usage, recording)
    const again = assemble(pushAll(openaiResponses.readStream(), written(eventsOf(reply), request)))
    expect(again.isEnded).toBe(true)
    expect(gistOf(again.reply)).toEqual(gistOf(reply))
    expectUsage(again.reply.usage, recording)
  })

  it.each(named(streams))('passes %s byte for byte, and knows its usage', (_file, recording) => {
    const text = recording.response.sse ?? ''
    const bytes = Buffer.from(text)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        const tap = new ResponsesTap()
        const shown = cutAt(bytes, cuts).map((chunk) => tap.push(chunk) ?? Buffer.alloc(0))
        expect(Buffer.concat(shown).toString() + tap.ending).toBe(text)
        expect(tap).toMatchObject({ done: true, failed: false, isCut: false })
        expect(Buffer.concat(shown).includes('event: response.completed')).toBe(false)
        expectUsage(tap.usage, recording)
      }),
      { numRuns: 8 },
    )
  })

  it.each(named(streams))('tells the same of %s, wherever its bytes are cut', (_file, { response }) => {
    const text = response.sse ?? ''
    const bytes = Buffer.from(text)
    const whole = pushAll(openaiResponses.readStream(), text)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        expect(pushAll(openaiResponses.readStream(), text, cuts)).toEqual(whole)
      }),
      { numRuns: 8 },
    )
  })

  it.each(named(streams))('takes %s for cut until its last event', (_file, { response }) => {
    const text = response.sse ?? ''
    const cut = text.slice(0, text.indexOf('"type":"response.completed"'))
    const tap = new ResponsesTap()
    tap.push(Buffer.from(cut))
    expect(tap).toMatchObject({ isCut: true, ending: '' })
    expect(tap.estimateOutputTokens()).toBeGreaterThan(0)
    expect(pushAll(openaiResponses.readStream(), cut).some(({ type }) => type === 'end')).toBe(false)
  })

  it.each(named(refused))('reads the error of %s', (_file, { response }) => {
    const error = openaiResponses.readError(response.status, response.body)
    expect(error).toMatchObject({ status: response.status, cause: 'other' })
    expect(error.message).not.toBe('')
  })

  it.each(named(asked))(
    'reads the request of %s, or names what no other provider has',
    (_file, { request }) => {
      const document = request.body as Document
      const refusal = refusedFeature(document)
      if (refusal !== undefined) {
        expect(() => openaiResponses.readRequest(document)).toThrow(refusal)
        return
      }
      const conversation = openaiResponses.readRequest(document)
      const again = openaiResponses.readRequest(
        openaiResponses.writeRequest(conversation, { model: 'of-unknown-talents' }).document,
      )
      const { unread, ...kept } = conversation
      expect(again).toEqual({ ...keptByProviders(kept), unread: [] })
      expect(unread.every((field) => typeof field === 'string')).toBe(true)
      if (hasNative(document))
        expect(() => gemini.writeRequest(conversation, { model: 'gemini-3-pro' })).toThrow(/carry/)
      else expectCarried(conversation, gemini.writeRequest(conversation, { model: 'gemini-3-pro' }).document)
    },
  )
})

/** What goes to a provider: no thought without its proof, and no tool that is strict unasked. */
function keptByProviders({
  toolChoice,
  ...kept
}: Omit<Conversation, 'unread'>): Omit<Conversation, 'unread'> {
  return {
    ...kept,
    ...(toolChoice !== undefined && kept.tools.length > 0 && { toolChoice }),
    tools: kept.tools.map((tool) =>
      tool.type === 'function' ? { ...tool, strict: tool.strict ?? false } : tool,
    ),
    turns: kept.turns.map((turn) => ({
      ...turn,
      parts: turn.parts.filter((part) => part.type !== 'reasoning' || part.signature),
    })),
  }
}

function refusedFeature(document: Document): string | undefined {
  return ['previous_response_id', 'conversation', 'background'].find(
    (field) => document[field] !== undefined && document[field] !== null && document[field] !== false,
  )
}

const functionItems = new Set(['message', 'function_call', 'function_call_output', 'reasoning', 'undefined'])

const hasNative = (document: Document): boolean =>
  objectsOf(document['tools']).some(({ type }) => type !== 'function') ||
  objectsOf(document['input']).some(({ type }) => !functionItems.has(String(type)))

/** Every word, call and result is somewhere in what goes to the other vendor. */
function expectCarried(conversation: Conversation, document: Document): void {
  const text = JSON.stringify(document)
  for (const { parts } of conversation.turns) {
    for (const part of parts) {
      if (part.type === 'text') expect(text).toContain(JSON.stringify(part.text))
      if (part.type === 'tool_call') expect(text).toContain(JSON.stringify(part.id))
      if (part.type === 'tool_result') expect(text).toContain(JSON.stringify(part.callId))
    }
  }
  for (const tool of conversation.tools) expect(text).toContain(JSON.stringify(tool.name))
}

function written(events: ReplyEvent[], request: Document): string {
  const writer = openaiResponses.writeStream({ model: 'm' }, request)
  return events.map((event) => writer.write(event)).join('')
}
