import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { Conversation, Part } from '../../conversation/conversation.js'
import type { CallerDialect, Document, ProviderDialect } from '../../conversation/dialect.js'
import { asList, asObject, objectsOf, parseObject } from '../../conversation/json.js'
import type { Reply } from '../../conversation/reply.js'
import { TranslatedStream } from '../../conversation/translated-stream.js'
import { assemble, gistOf } from '../../testing/assemble.js'
import { cutAt, recordings, recordingsMissing, type Recording } from '../../testing/recordings.js'
import { openAiChat } from '../openai-chat/openai-chat.js'
import { anthropicMessages } from './anthropic-messages.js'

/*
 * What survives on the way through the other dialect and back: of an answer, all text, reasoning,
 * refusals, tool calls with their ids, sources with a URL, why it ended, and usage but for how long
 * a cache was written for. Of a request, instructions, the text, images, calls and results of every
 * turn in its order, tools, the choice among them, limits and the form of the answer. Blocks that
 * only Anthropic understands are left out of answers, and refuse a request.
 */
type Both = CallerDialect & ProviderDialect
const isAnswered = ({ status, features }: { status: number; features: string[] }) =>
  status === 200 && !features.includes('error')
const all = [
  ...recordings((line) => line.api === 'messages' && isAnswered(line)),
  ...recordings((line) => line.api === 'chat.completions' && isAnswered(line)),
]
const streams = all.filter(({ stream }) => stream)
const asked = recordings(({ api }) => api === 'messages' || api === 'chat.completions')
const title = `every recorded exchange, across dialects (${recordingsMissing ?? 'replayed'})`

describe.skipIf(recordingsMissing !== undefined)(title, () => {
  it.each(all)('tells the reply $file in the other dialect', (recording) => {
    const other = otherOf(recording)
    const reply = replyOf(recording)
    const back = other.readReply(other.writeReply(reply, naming, {}))
    expect(gistOf(back).map(comparable)).toEqual(gistOf(reply).map(comparable))
    expect(idsOf(back)).toEqual(idsOf(reply))
    expect(sourcesOf(back)).toEqual(sourcesOf(reply))
    expect(back.id).toBe(reply.id === '' ? back.id : reply.id)
    if (reply.usage) expect(counts(back)).toEqual(counts(reply))
  })

  it.each(streams)('tells the stream $file in the other dialect, however its bytes are cut', (recording) => {
    const other = otherOf(recording)
    const bytes = Buffer.from(recording.response.sse ?? '')
    const reply = replyOf(recording)
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (cuts) => {
        const written = translate(ownOf(recording), other, cutAt(bytes, cuts))
        const events = other.readStream().push(Buffer.from(written))
        const { reply: back, isEnded } = assemble(events)
        expect(isEnded).toBe(true)
        expect(gistOf(back).map(comparable)).toEqual(gistOf(reply).map(comparable))
        expect(idsOf(back)).toEqual(idsOf(reply))
        expect(sourcesOf(back)).toEqual(sourcesOf(reply))
        if (reply.usage) expect(counts(back)).toEqual(counts(reply))
      }),
      { numRuns: 5 },
    )
  })

  it.each(streams)('gives the SDKs a stream of $file that they understand', async (recording) => {
    const reply = replyOf(recording)
    for (const dialect of [openAiChat, anthropicMessages]) {
      const written = translate(ownOf(recording), dialect, [Buffer.from(recording.response.sse ?? '')])
      const message = dialect === openAiChat ? await chatMessage(written) : await anthropicMessage(written)
      const shown = gistOf(dialect.readReply(message)).map(comparable)
      // OpenAI's SDK knows nothing of reasoning: of a field that it does not know it keeps the last piece.
      const expected = gistOf(reply).map(comparable)
      if (dialect === openAiChat) for (const gist of [...shown, ...expected]) gist.reasoning = ''
      expect(shown).toEqual(expected)
      expectComplete(dialect, message)
    }
  })

  it.each(all)('writes of $file a reply with all that the schemas require', (recording) => {
    for (const dialect of [openAiChat, anthropicMessages])
      expectComplete(dialect, dialect.writeReply(replyOf(recording), naming, {}))
  })

  it.each(asked)('tells the request $file in the other dialect, or refuses it by name', (recording) => {
    const own = ownOf(recording)
    const other = otherOf(recording)
    const conversation = own.readRequest(recording.request.body as Document)
    const native = nativesOf(conversation)
    if (native.length > 0) {
      expect(() => other.writeRequest(conversation, naming)).toThrow(`its provider cannot carry ${native[0]}`)
      return
    }
    const { document } = other.writeRequest(conversation, naming)
    const back = other.readRequest(document)
    expect(meaningOf(back)).toEqual(meaningOf(conversation))
    expect(back.unread).toEqual([])
  })
})

const naming = { model: 'claude-sonnet-4-5' }

const ownOf = ({ api }: Recording): Both => (api === 'messages' ? anthropicMessages : openAiChat)
const otherOf = ({ api }: Recording): Both => (api === 'messages' ? openAiChat : anthropicMessages)

function replyOf(recording: Recording): Reply {
  const own = ownOf(recording)
  const { body, sse } = recording.response
  if (sse === undefined) return own.readReply(body as Document)
  return assemble(own.readStream().push(Buffer.from(sse))).reply
}

/** A stream as the caller gets it, its end included. */
function translate(from: ProviderDialect, to: CallerDialect, chunks: Buffer[]): string {
  const request = { stream: true, stream_options: { include_usage: true } }
  const stream = new TranslatedStream(from.readStream(), to.writeStream(naming, request))
  const shown = chunks.flatMap((chunk) => stream.push(chunk)?.toString() ?? [])
  expect(stream).toMatchObject({ done: true, failed: false })
  return shown.join('') + stream.ending
}

/** Chat Completions has one word for an end, a pause and a stop sequence; Anthropic an object where it has a text. */
const comparable = (gist: ReturnType<typeof gistOf>[number]) => ({
  ...gist,
  stop: ['pause', 'stop_sequence'].includes(gist.stop) ? 'end' : gist.stop,
  calls: gist.calls.map(({ name, arguments: text }) => ({ name, arguments: compact(text) })),
})

const compact = (text: string): string => JSON.stringify(parseObject(text === '' ? '{}' : text))

const idsOf = ({ choices }: Reply) =>
  choices.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool_call' ? [part.id] : [])))

const sourcesOf = ({ choices }: Reply) =>
  choices.flatMap(({ parts }) =>
    parts.flatMap((part) =>
      part.type === 'text' ? (part.citations ?? []).flatMap(({ url }) => url ?? []) : [],
    ),
  )

function counts({ usage }: Reply) {
  const {
    cacheWriteTokens = 0,
    cacheWrite1hTokens = 0,
    webSearches: _,
    serviceTier: __,
    ...rest
  } = usage ?? {}
  return { ...rest, written: cacheWriteTokens + cacheWrite1hTokens }
}

const sent = (written: string) => () =>
  Promise.resolve(new Response(written, { headers: { 'content-type': 'text/event-stream' } }))

async function chatMessage(written: string): Promise<Document> {
  const client = new OpenAI({ apiKey: 'x', baseURL: 'http://localhost/v1', fetch: sent(written) })
  const stream = client.chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: 'x' }] })
  return asDocument(await stream.finalChatCompletion())
}

async function anthropicMessage(written: string): Promise<Document> {
  const client = new Anthropic({ apiKey: 'x', baseURL: 'http://localhost', fetch: sent(written) })
  const messages = [{ role: 'user' as const, content: 'x' }]
  const stream = client.messages.stream({ model: 'm', max_tokens: 10, messages })
  return asDocument(await stream.finalMessage())
}

const asDocument = (value: object): Document => JSON.parse(JSON.stringify(value)) as Document

/** Every field that the vendor's types require is there. */
function expectComplete(dialect: Both, reply: Document): void {
  if (dialect === openAiChat) {
    expect(Object.keys(reply)).toEqual(
      expect.arrayContaining(['id', 'object', 'created', 'model', 'choices', 'usage']),
    )
    expect(reply['service_tier']).toMatch(/^(auto|default|flex|scale|priority|fast)$/)
    expect(reply['system_fingerprint']).not.toBeNull()
    for (const choice of objectsOf(reply['choices'])) {
      expect(choice['finish_reason']).toMatch(/^(stop|length|tool_calls|content_filter)$/)
      expect(Object.keys(choice)).toEqual(expect.arrayContaining(['index', 'logprobs', 'message']))
      expect(asObject(choice['message'])).toMatchObject({ role: 'assistant', refusal: null })
      expect(Object.keys(asObject(choice['message']) ?? {})).toContain('content')
    }
    return
  }
  const head = [
    'id',
    'container',
    'content',
    'diagnostics',
    'model',
    'stop_details',
    'stop_reason',
    'stop_sequence',
  ]
  expect(Object.keys(reply)).toEqual(expect.arrayContaining([...head, 'usage']))
  expect(reply).toMatchObject({
    type: 'message',
    role: 'assistant',
    stop_reason: expect.any(String) as string,
  })
  const counts = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens']
  const rest = [
    'cache_creation',
    'inference_geo',
    'output_tokens_details',
    'server_tool_use',
    'service_tier',
    'speed',
  ]
  expect(Object.keys(asObject(reply['usage']) ?? {})).toEqual(expect.arrayContaining([...counts, ...rest]))
  for (const block of objectsOf(reply['content']))
    expect(Object.keys(block)).toEqual(expect.arrayContaining(required[String(block['type'])] ?? []))
}

const required: Readonly<Record<string, string[]>> = {
  text: ['text', 'citations'],
  thinking: ['thinking', 'signature'],
  redacted_thinking: ['data'],
  tool_use: ['id', 'name', 'input', 'caller'],
}

/** What only the request's own vendor has, in the order in which it is met. */
function nativesOf({ turns, tools }: Conversation): string[] {
  const parts = turns.flatMap((turn) => turn.parts)
  return [...parts, ...tools].flatMap((item) => (item.type === 'native' ? [item.name] : []))
}

/** What of a request must survive. */
function meaningOf({ system, turns, tools, toolChoice, outputFormat, sampling, stream, user }: Conversation) {
  const format = outputFormat?.type === 'json_schema' ? closed(outputFormat.schema) : undefined
  return {
    said: [{ role: 'user', parts: system }, ...turns].flatMap(({ role, parts }) =>
      parts.flatMap((part) => saidBy(role, part)),
    ),
    tools: tools.map((tool) =>
      tool.type === 'function'
        ? { name: tool.name, description: tool.description, schema: closed(tool.schema ?? {}) }
        : tool,
    ),
    toolChoice: tools.length > 0 ? toolChoice : undefined,
    format,
    limit: sampling.maxOutputTokens ?? 32_000,
    stop: sampling.stop,
    stream,
    user,
  }
}

/** What Weir adds so that the other vendor takes it. */
const added = ['(The conversation begins.)', 'Answer with one JSON object and nothing else.']

function saidBy(role: string, part: Part): unknown[] {
  // Anthropic has instructions before all turns only: amidst them the user says them.
  const speaker = role === 'assistant' ? role : 'user'
  switch (part.type) {
    case 'text': {
      const text = part.text.replace(/^<system>\n(.*)\n<\/system>$/s, '$1').trim()
      return text === '' || added.includes(text) ? [] : [{ speaker, text }]
    }
    case 'image':
      return [{ speaker, image: part.source }]
    case 'document':
      return part.source.kind === 'text'
        ? [{ speaker, text: `<document>\n${part.source.text}\n</document>` }]
        : [{ speaker, document: part.source }]
    case 'tool_call':
      return [{ speaker, call: part.name, id: part.id, arguments: compact(part.arguments) }]
    case 'tool_result':
      return [{ result: part.callId, parts: part.parts.flatMap((inner) => saidBy(role, inner)) }]
    default:
      return []
  }
}

/** A schema without what closes it, which one vendor asks for and another does not. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return asList(schema).map(closed)
  const found = asObject(schema)
  if (!found) return schema
  const { additionalProperties: _open, ...rest } = found
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, closed(value)]))
}
