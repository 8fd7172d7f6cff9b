import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Attempt, waitForAttempts } from '../stack/accounting.js'
import { eventsOf, send, type WholeReply } from '../stack/client.js'
import { atLeast } from '../stack/matchers.js'
import { type Answer, RawUpstream, type ReceivedCall } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

const folder = fileURLToPath(new URL('../../../../../shared/recordings', import.meta.url))
const recordings = existsSync(folder) ? readRecordings() : []
const streams = recordings.filter(({ response }) => response.sse !== undefined)
const answers = recordings.filter(({ response }) => response.sse === undefined && response.status === 200)
const errors = recordings.filter(({ response }) => response.status >= 400)

/** A recorded exchange; see the README beside the recordings. */
interface Recording {
  id: string
  request: { body: Record<string, unknown> }
  response: { status: number; headers: Record<string, string>; body?: unknown; sse?: string }
  usage: Record<'input' | 'output' | 'cached' | 'cache_write' | 'reasoning', number | null>
}

function readRecordings(): Recording[] {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const index = read('index.json') as { file: string; api: string; usage: Recording['usage'] }[]
  expect(globSync('*/*.json', { cwd: folder })).toHaveLength(index.length)
  return index
    .filter(({ api }) => api === 'chat.completions')
    .map(({ file, usage }) => ({ ...(read(file) as Omit<Recording, 'usage'>), usage }))
}

/** Splits where a seeded generator says, so that a failure can be had again. */
function* randomPieces(bytes: Buffer, seed: number): Generator<Buffer> {
  let state = seed
  for (let at = 0; at < bytes.length;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const length = 1 + ((state >>> 8) % (state % 5 === 0 ? 2_000 : 40))
    yield bytes.subarray(at, at + length)
    at += length
  }
}

/** What the usage of a recording is in buckets that do not overlap: its input contains the cached, its output the reasoning. */
function bucketsOf({ usage, response }: Recording): Partial<Attempt> {
  const { input, output, cached, cache_write: written, reasoning: told } = usage
  if (input === null || output === null) return { usage_source: 'estimated' }
  const [read, wrote] = [cached ?? 0, written ?? 0]
  // More than all can have been thought only where the total says so: vendors estimate.
  const reasoning = Math.min(told ?? 0, output)
  const total = (response.body as { usage?: { total_tokens?: number } } | undefined)?.usage?.total_tokens
  // Google's imitation counts its thoughts in nothing but the total, and charges them.
  const untold = told === null && total !== undefined ? total - input - output : 0
  return {
    usage_source: 'reported',
    ...{ input_tokens: input - read - wrote, cached_input_tokens: read, cache_write_tokens: wrote },
    ...{ output_tokens: output - reasoning, reasoning_tokens: reasoning + untold },
  }
}

/** The events that a caller sees who has not asked for usage. */
function withoutUsage(events: string[]): unknown[] {
  return events.flatMap((event): unknown[] => {
    if (event === '[DONE]') return [event]
    const { usage, ...rest } = JSON.parse(event) as Record<string, unknown>
    const isUsageAlone =
      typeof usage === 'object' && usage !== null && (rest['choices'] as unknown[]).length === 0
    return isUsageAlone ? [] : [rest]
  })
}

const parsed = (events: string[]): unknown[] =>
  events.map((event) => (event === '[DONE]' ? event : (JSON.parse(event) as unknown)))

if (recordings.length > 0) describe('recorded traffic', replayAll)
else it('replays recorded traffic', (context) => context.skip(`there is no ${folder}`))

function replayAll(): void {
  let weir: SharedWeir
  let upstream: RawUpstream
  let scene: Scene
  const requestIds = new Map<string, Recording>()

  beforeAll(async () => {
    ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
    scene = await createScene(weir, { baseUrl: upstream.baseUrl })
  })
  afterAll(() => upstream.stop())

  async function replay(
    recording: Recording,
    fields: Record<string, unknown>,
    answer: Answer,
  ): Promise<{ reply: WholeReply; call: ReceivedCall }> {
    const before = upstream.calls.length
    upstream.answer(scene.model.name, answer)
    const body = { ...recording.request.body, model: scene.model.name, ...fields }
    const reply = await send({ url: weir.url, key: scene.key, body })
    requestIds.set(String(reply.headers['x-request-id']), recording)
    const call = upstream.calls[before]
    if (!call) throw new Error(`The upstream was not called: ${reply.text}`)
    return { reply, call }
  }

  it('is there in number', () => {
    expect({ streams: streams.length, answers: answers.length, errors: errors.length }).toMatchObject({
      streams: atLeast(20),
      answers: atLeast(20),
      errors: atLeast(5),
    })
  })

  it.each(answers.map((recording) => [recording.id, recording] as const))(
    '%s is the same',
    async (_, recording) => {
      const text = JSON.stringify(recording.response.body, undefined, 1)
      const { reply, call } = await replay(recording, {}, (call) =>
        call.reply(200, text, recording.response.headers),
      )
      expect([reply.status, reply.text]).toEqual([200, text])
      expect(call.document).toEqual({ ...recording.request.body, model: scene.model.name })
    },
  )

  it.each(streams.map((recording, index) => [recording.id, recording, index] as const))(
    '%s is the same, split anywhere, and without its usage when that is not asked for',
    async (_, recording, index) => {
      const text = recording.response.sse ?? ''
      const stream: Answer = async (call) => {
        call.startStream(recording.response.headers)
        let count = 0
        for (const piece of randomPieces(Buffer.from(text), index + 1)) {
          await call.write(piece)
          // So that pieces do not all lie in one buffer: each of these goes out by itself.
          if ((count += 1) % 20 === 0) await new Promise(setImmediate)
        }
        call.end()
      }
      const asked = await replay(recording, { stream: true, stream_options: { include_usage: true } }, stream)
      expect(asked.reply.status).toBe(200)
      expect(eventsOf(asked.reply.text)).toEqual(eventsOf(text))
      expect(asked.call.document).toEqual({
        ...recording.request.body,
        ...{ model: scene.model.name, stream: true, stream_options: { include_usage: true } },
      })
      const { reply } = await replay(recording, { stream: true, stream_options: undefined }, stream)
      expect(parsed(eventsOf(reply.text))).toEqual(withoutUsage(eventsOf(text)))
    },
  )

  it.each(errors.map((recording) => [recording.id, recording] as const))(
    '%s is an error',
    async (_, recording) => {
      const { status, headers, body } = recording.response
      const { reply } = await replay(recording, {}, (call) => call.reply(status, body, headers))
      const { error } = JSON.parse(reply.text) as { error: { code: string } }
      if (status === 404) expect([reply.status, error.code]).toEqual([400, 'unsupported_model'])
      else if (status === 429) expect([reply.status, error.code]).toEqual([429, 'rate_limit_exceeded'])
      else expect([reply.status, reply.text]).toEqual([status, JSON.stringify(body)])
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
