import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Attempt } from '../stack/accounting.js'
import { eventsOf } from '../stack/client.js'
import type { Resource } from '../stack/factory.js'
import { atLeast } from '../stack/matchers.js'
import { type Answer, RawUpstream } from '../stack/raw-upstream.js'
import { createScene } from '../stack/scene.js'
import { useWeir } from '../stack/weir.js'
import * as replayed from './replayed.js'

type Recording = replayed.Recording<Message>

const recordings = replayed.readRecordings<Message>('messages')
const answered = recordings.filter(({ response }) => response.status === 200)
const errors = recordings.filter(({ response }) => response.status >= 400)

interface Message {
  usage?: { iterations?: Counts[] }
  content?: { type: string; text?: string }[]
}

/** Of one iteration, by their names; its `type` is a word. */
type Counts = Record<string, number> & { type: unknown }

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
else replayed.skipReplay()

function replayAll(): void {
  let upstream: RawUpstream
  let model: Resource
  let replay: replayed.Replay<Message>

  beforeAll(async () => {
    const weir = await useWeir()
    upstream = await RawUpstream.start()
    const scene = await createScene(weir, { baseUrl: upstream.baseUrl })
    const provider = await scene.factory.createProvider({ type: 'anthropic', base_url: upstream.baseUrl })
    model = await scene.addModel({ provider: provider.id })
    replay = new replayed.Replay(weir, upstream, scene, model.name)
  })
  afterAll(() => upstream.stop())

  const send = (recording: Recording, path: string, request: object) =>
    replay.send(recording, { path, request, answer: answerOf(recording) })

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

  it.each(replayed.named(answered))('%s is the same', async (_, recording) => {
    const { reply, call } = await send(recording, '/v1/messages', recording.request.body)
    const { body, sse } = recording.response
    expect([reply.status, reply.text]).toEqual([200, sse ?? JSON.stringify(body, undefined, 1)])
    expect(call.document).toEqual({ ...recording.request.body, model: model.name })
  })

  it.each(replayed.named(answered))('%s says the same to a chat caller', async (_, recording) => {
    const stream = recording.response.sse !== undefined
    const messages = [{ role: 'user', content: 'Hello' }]
    const { reply } = await send(recording, '/v1/chat/completions', { messages, stream })
    expect(reply.status).toBe(200)
    expect(chatText(reply.text, stream)).toBe(textOf(recording.response))
  })

  it.each(replayed.named(errors))('%s is an error', async (_, recording) => {
    const { status } = recording.response
    const { reply } = await send(recording, '/v1/messages', recording.request.body)
    const { type, error } = JSON.parse(reply.text) as {
      type: string
      error: { type: string; code?: string }
    }
    expect([reply.status, type]).toEqual([400, 'error'])
    if (status === 404) expect(error.code).toBe('unsupported_model')
    else expect(JSON.parse(reply.text)).toMatchObject(recording.response.body as object)
  })

  it('is in the ledger with the tokens that were recorded, each in one bucket', () =>
    replay.expectInLedger(bucketsOf))
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
