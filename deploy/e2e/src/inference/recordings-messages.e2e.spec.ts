import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Attempt, waitForAttempts } from '../stack/accounting.js'
import { eventsOf, send, type WholeReply } from '../stack/client.js'
import type { Resource } from '../stack/factory.js'
import { atLeast } from '../stack/matchers.js'
import { type Answer, RawUpstream, type ReceivedCall } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

const folder = fileURLToPath(new URL('../../../../../shared/recordings', import.meta.url))
const recordings = existsSync(folder) ? readRecordings() : []
const answered = recordings.filter(({ response }) => response.status === 200)
const errors = recordings.filter(({ response }) => response.status >= 400)

/** A recorded exchange of the Messages API; see the README beside the recordings. */
interface Recording {
  id: string
  request: { body: Record<string, unknown> }
  response: { status: number; headers: Record<string, string>; body?: Message; sse?: string }
  usage: Record<'input' | 'output' | 'cached' | 'cache_write' | 'reasoning', number | null>
}

interface Message {
  usage?: { iterations?: Counts[] }
  content?: { type: string; text?: string }[]
}

/** Of one iteration, by their names; its `type` is a word. */
type Counts = Record<string, number> & { type: unknown }

function readRecordings(): Recording[] {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const index = read('index.json') as { file: string; api: string; usage: Recording['usage'] }[]
  return index
    .filter(({ api }) => api === 'messages')
    .map(({ file, usage }) => ({ ...(read(file) as Omit<Recording, 'usage'>), usage }))
}

/** What the usage of a recording is in buckets that do not overlap: its output contains the thinking. */
function bucketsOf({ usage, response }: Recording): Partial<Attempt> {
  const { input, output, cached, cache_write: written, reasoning } = usage
  // What it took to shorten the conversation is charged, and is in no total.
  const compacted = iterationsOf(response).filter(({ type }) => type === 'compaction')
  const more = (field: string) => compacted.reduce((sum, counts) => sum + (counts[field] ?? 0), 0)
  return {
    usage_source: 'reported',
    input_tokens: (input ?? 0) + more('input_tokens'),
    cached_input_tokens: (cached ?? 0) + more('cache_read_input_tokens'),
    cache_write_tokens: (written ?? 0) + more('cache_creation_input_tokens'),
    output_tokens: (output ?? 0) - (reasoning ?? 0) + more('output_tokens'),
    reasoning_tokens: reasoning ?? 0,
  }
}

function iterationsOf({ body, sse }: Recording['response']): Counts[] {
  if (body) return body.usage?.iterations ?? []
  const last = eventsOf(sse ?? '').findLast((event) => event.includes('"message_delta"'))
  return (JSON.parse(last ?? '{}') as Message).usage?.iterations ?? []
}

/** All that a recording says in words. */
function textOf({ body, sse }: Recording['response']): string {
  if (body) return (body.content ?? []).map(({ text }) => text ?? '').join('')
  const events = eventsOf(sse ?? '').map((event) => JSON.parse(event) as { delta?: { text?: string } })
  return events.map(({ delta }) => delta?.text ?? '').join('')
}

if (recordings.length > 0) describe('recorded traffic of the Messages API', replayAll)
else it('replays recorded traffic', (context) => context.skip(`there is no ${folder}`))

function replayAll(): void {
  let weir: SharedWeir
  let upstream: RawUpstream
  let scene: Scene
  let model: Resource
  const requestIds = new Map<string, Recording>()

  beforeAll(async () => {
    ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
    scene = await createScene(weir, { baseUrl: upstream.baseUrl })
    const provider = await scene.factory.createProvider({ type: 'anthropic', base_url: upstream.baseUrl })
    model = await scene.addModel({ provider: provider.id })
  })
  afterAll(() => upstream.stop())

  async function replay(
    recording: Recording,
    path: string,
    request: object,
  ): Promise<{ reply: WholeReply; call: ReceivedCall }> {
    const before = upstream.calls.length
    upstream.answer(model.name, answerOf(recording))
    const body = { ...request, model: model.name }
    const reply = await send({ url: weir.url, key: scene.key, path, body })
    requestIds.set(String(reply.headers['x-request-id']), recording)
    const call = upstream.calls[before]
    if (!call) throw new Error(`The upstream was not called: ${reply.text}`)
    return { reply, call }
  }

  /** A stream comes in pieces that are no events. */
  function answerOf({ response }: Recording): Answer {
    const { status, body, sse, headers } = response
    if (sse === undefined) return (call) => call.reply(status, JSON.stringify(body, undefined, 1), headers)
    return async (call) => {
      call.startStream(headers)
      const bytes = Buffer.from(sse)
      for (let at = 0; at < bytes.length; at += 101) {
        await call.write(bytes.subarray(at, at + 101))
        if (at % 1010 === 0) await new Promise(setImmediate)
      }
      call.end()
    }
  }

  it('is there in number', () => {
    expect([answered.length, errors.length]).toEqual([atLeast(20), atLeast(2)])
  })

  it.each(answered.map((recording) => [recording.id, recording] as const))(
    '%s is the same',
    async (_, recording) => {
      const { reply, call } = await replay(recording, '/v1/messages', recording.request.body)
      const { body, sse } = recording.response
      expect([reply.status, reply.text]).toEqual([200, sse ?? JSON.stringify(body, undefined, 1)])
      expect(call.document).toEqual({ ...recording.request.body, model: model.name })
    },
  )

  it.each(answered.map((recording) => [recording.id, recording] as const))(
    '%s says the same to a chat caller',
    async (_, recording) => {
      const stream = recording.response.sse !== undefined
      const messages = [{ role: 'user', content: 'Hello' }]
      const { reply } = await replay(recording, '/v1/chat/completions', { messages, stream })
      expect(reply.status).toBe(200)
      expect(chatText(reply.text, stream)).toBe(textOf(recording.response))
    },
  )

  it.each(errors.map((recording) => [recording.id, recording] as const))(
    '%s is an error',
    async (_, recording) => {
      const { status } = recording.response
      const { reply } = await replay(recording, '/v1/messages', recording.request.body)
      const { type, error } = JSON.parse(reply.text) as {
        type: string
        error: { type: string; code?: string }
      }
      expect([reply.status, type]).toEqual([400, 'error'])
      if (status === 404) expect(error.code).toBe('unsupported_model')
      else expect(JSON.parse(reply.text)).toMatchObject(recording.response.body as object)
    },
  )

  it('is in the ledger with the tokens that were recorded, each in one bucket', async () => {
    const attempts = await waitForAttempts(weir.management, { key: scene.virtualKey.id }, requestIds.size)
    expect(attempts).toHaveLength(requestIds.size)
    for (const attempt of attempts) {
      const recording = requestIds.get(attempt.request_id)
      if (!recording) throw new Error(`${attempt.request_id} is not one of ours.`)
      const expected = recording.response.status === 200 ? bucketsOf(recording) : { usage_source: 'none' }
      expect({ id: recording.id, ...attempt }).toMatchObject({ id: recording.id, ...expected })
    }
  })
}

interface Said {
  choices: { delta?: { content?: string | null }; message?: { content?: string | null } }[]
}

function chatText(text: string, stream: boolean): string {
  const documents = stream ? eventsOf(text).filter((event) => event !== '[DONE]') : [text]
  if (stream) expect(eventsOf(text).at(-1)).toBe('[DONE]')
  return documents
    .flatMap((document) => (JSON.parse(document) as Said).choices)
    .map(({ delta, message }) => (delta ?? message)?.content ?? '')
    .join('')
}
