import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document } from '../../conversation/dialect.js'
import { asObject, objectsOf, parseObject } from '../../conversation/json.js'
import type { Reply } from '../../conversation/reply.js'
import { assemble } from '../../testing/assemble.js'
import { cutAt, recordings, recordingsMissing, type Recording } from '../../testing/recordings.js'
import { anthropicMessages as dialect } from './anthropic-messages.js'

const all = recordings(({ api, status }) => api === 'messages' && status === 200)
const wholes = all.filter(({ stream }) => !stream)
const streams = all.filter(({ stream }) => stream)
const asked = recordings(({ api }) => api === 'messages')
const refused = recordings(({ api, status }) => api.startsWith('messages') && status >= 400)

describe.skipIf(recordingsMissing !== undefined)(
  `every recorded exchange of the Messages API (${recordingsMissing ?? 'replayed'})`,
  () => {
    it.each(streams)('passes the stream $file byte for byte but its end', (recording) => {
      const bytes = Buffer.from(sseOf(recording))
      fc.assert(
        fc.property(fc.array(fc.nat(), { maxLength: 30 }), (cuts) => {
          const tap = dialect.tapStream({ model: 'm', stream: true })
          const shown = cutAt(bytes, cuts).flatMap((chunk) => tap.push(chunk) ?? [])
          expect(Buffer.concat(shown).toString() + tap.ending).toBe(bytes.toString())
          expect(tap).toMatchObject({ done: true, failed: false, isCut: false })
          expect(dataOf(tap.ending)).toEqual({ type: 'message_stop' })
          expectUsage(tap.usage, recording)
        }),
        { numRuns: 5 },
      )
    })

    it.each(wholes)('reads the usage of $file', (recording) => {
      expectUsage(dialect.readReplyUsage(recording.response.body), recording)
      expect(dialect.estimateReplyTokens(recording.response.body)).toBeGreaterThan(0)
    })

    it.each(all)('keeps of the reply $file its blocks, ids, stop reason and usage', (recording) => {
      const recorded = messageOf(recording)
      const written = dialect.writeReply(replyOf(recording), { model: String(recorded['model']) }, {})
      expect(written).toMatchObject({
        id: recorded['id'],
        type: 'message',
        role: 'assistant',
        model: recorded['model'],
      })
      expect(written['stop_reason']).toBe(recorded['stop_reason'])
      expect(written['stop_sequence']).toBe(recorded['stop_sequence'])
      expect(blocksOf(written)).toEqual(blocksOf(recorded))
      expectUsage(dialect.readUsage(written['usage']), recording)
    })

    it.each(asked)('keeps of the request $file its instructions, messages and tools', ({ request }) => {
      const document = request.body as Document
      const conversation = dialect.readRequest(document)
      const { document: written, dropped } = dialect.writeRequest(conversation, {
        model: String(document['model']),
      })
      expect(dropped).toEqual([])
      for (const field of ['model', 'max_tokens', 'stop_sequences', 'tool_choice'])
        expect(written[field]).toEqual(document[field])
      expect(written['stream'] ?? false).toBe(document['stream'] ?? false)
      expect(instructionsOf(written)).toEqual(instructionsOf(document))
      expect(saidIn(written)).toEqual(saidIn(document))
      expect(objectsOf(written['tools']).map(({ name }) => name)).toEqual(
        objectsOf(document['tools']).map(({ name }) => name),
      )
    })

    it.each(refused)('reads the error of $file', ({ status, response }) => {
      const error = dialect.readError(status, response.body)
      expect(error).toMatchObject({ status, cause: 'other' })
      expect(error.code).toMatch(/_error$/)
      expect(error.message).not.toBe('')
    })
  },
)

function sseOf({ response }: Recording): string {
  return response.sse ?? ''
}

function replyOf(recording: Recording): Reply {
  if (!recording.stream) return dialect.readReply(recording.response.body as Document)
  const { reply, isEnded } = assemble(dialect.readStream().push(Buffer.from(sseOf(recording))))
  expect(isEnded).toBe(true)
  return reply
}

const dataOf = (text: string): Document | undefined => parseObject(/^data: ?(.*)$/m.exec(text)?.[1] ?? '')

const eventsOf = (recording: Recording): Document[] =>
  objectsOf([...sseOf(recording).matchAll(/^data: ?(\{.*)$/gm)].map(([, json]) => parseObject(json ?? '')))

/** The whole message of a recording: of a stream, put together without the dialect. */
function messageOf(recording: Recording): Document {
  if (!recording.stream) return recording.response.body as Document
  let message: Document = {}
  const blocks: Document[] = []
  const json: string[] = []
  for (const event of eventsOf(recording)) {
    const index = Number(event['index'])
    const delta = asObject(event['delta']) ?? {}
    if (event['type'] === 'message_start') message = { ...asObject(event['message']) }
    if (event['type'] === 'message_delta') message = { ...message, ...delta }
    if (event['type'] === 'content_block_start') blocks[index] = { ...asObject(event['content_block']) }
    const block = blocks[index]
    if (event['type'] !== 'content_block_delta' || !block) continue
    if (delta['type'] === 'input_json_delta')
      json[index] = `${json[index] ?? ''}${String(delta['partial_json'])}`
    for (const field of ['text', 'thinking'])
      if (typeof delta[field] === 'string') block[field] = `${String(block[field])}${delta[field]}`
    if (delta['signature'] !== undefined) block['signature'] = delta['signature']
    if (delta['type'] === 'compaction_delta') block['content'] = delta['content']
    if (delta['citation'] !== undefined)
      block['citations'] = [...objectsOf(block['citations']), delta['citation']]
    if (json[index]) block['input'] = parseObject(json[index])
  }
  return { ...message, content: blocks }
}

/** Who may call a tool, and that nothing is cited, is said in newer versions of the API alone. */
function blocksOf(message: Document): Document[] {
  return objectsOf(message['content'])
    .filter((block) => block['type'] !== 'text' || block['text'] !== '')
    .map(({ caller: _caller, citations, ...block }) => {
      return Array.isArray(citations) && citations.length > 0
        ? { ...block, citations: citations as unknown[] }
        : block
    })
}

function instructionsOf({ system }: Document): unknown {
  return typeof system === 'string' ? (system === '' ? [] : [{ type: 'text', text: system }]) : (system ?? [])
}

/** What was said by whom, as one list: neighbours of one role may be joined, and an instruction amidst them is a user's. */
function saidIn(document: Document): unknown[] {
  return objectsOf(document['messages']).flatMap(({ role, content }) =>
    (typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content)).map(
      ({ cache_control: _cache, is_error: isError, ...block }) => ({
        role: role === 'system' ? 'user' : role,
        ...block,
        ...(isError === true && { is_error: true }),
        ...(block['type'] === 'tool_result' && { content: resultOf(block) }),
        ...(block['type'] === 'text' && {
          text: String(block['text']).replace(/^<system>\n(.*)\n<\/system>$/s, '$1'),
        }),
      }),
    ),
  )
}

/** A single text may be told as a text or as a list of one. */
function resultOf({ content }: Document): unknown {
  const [first, ...rest] = objectsOf(content)
  return rest.length === 0 && first?.['type'] === 'text' ? first['text'] : content
}

function expectUsage(usage: Reply['usage'], { usage: recorded, response, ...recording }: Recording): void {
  const events = response.sse === undefined ? [] : eventsOf({ ...recording, usage: recorded, response })
  const end = events.find(({ type }) => type === 'message_delta')
  const iterations = objectsOf(asObject(end?.['usage'] ?? asObject(response.body)?.['usage'])?.['iterations'])
  // Vendors' totals leave out what it took to shorten the conversation, and charge it.
  const compacted = iterations.filter(({ type }) => type === 'compaction')
  const more = (field: string) => compacted.reduce((sum, counts) => sum + Number(counts[field] ?? 0), 0)
  const reasoning = recorded.reasoning ?? 0
  expect(usage).toMatchObject({
    source: 'reported',
    inputTokens: (recorded.input ?? 0) + more('input_tokens'),
    cachedInputTokens: (recorded.cached ?? 0) + more('cache_read_input_tokens'),
    outputTokens: (recorded.output ?? 0) - reasoning + more('output_tokens'),
    reasoningTokens: reasoning,
  })
  expect((usage?.cacheWriteTokens ?? 0) + (usage?.cacheWrite1hTokens ?? 0)).toBe(
    (recorded.cache_write ?? 0) + more('cache_creation_input_tokens'),
  )
}
