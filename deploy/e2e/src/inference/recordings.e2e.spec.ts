import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Attempt } from '../stack/accounting.js'
import { eventsOf } from '../stack/client.js'
import { atLeast } from '../stack/matchers.js'
import { type Answer, RawUpstream } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { useWeir } from '../stack/weir.js'
import { named, readRecordings, type Recording, Replay, skipReplay } from './replayed.js'

const recordings = readRecordings('chat.completions')
const streams = recordings.filter(({ response }) => response.sse !== undefined)
const answers = recordings.filter(({ response }) => response.sse === undefined && response.status === 200)
const errors = recordings.filter(({ response }) => response.status >= 400)

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
else skipReplay()

function replayAll(): void {
  let upstream: RawUpstream
  let scene: Scene
  let replay: Replay

  beforeAll(async () => {
    const weir = await useWeir()
    upstream = await RawUpstream.start()
    scene = await createScene(weir, { baseUrl: upstream.baseUrl })
    replay = new Replay(weir, upstream, scene, scene.model.name)
  })
  afterAll(() => upstream.stop())

  const send = (recording: Recording, fields: Record<string, unknown>, answer: Answer) => {
    const request = { ...recording.request.body, ...fields }
    return replay.send(recording, { path: '/v1/chat/completions', request, answer })
  }

  it('is there in number', () => {
    expect({ streams: streams.length, answers: answers.length, errors: errors.length }).toMatchObject({
      streams: atLeast(20),
      answers: atLeast(20),
      errors: atLeast(5),
    })
  })

  it.each(named(answers))('%s is the same', async (_, recording) => {
    const text = JSON.stringify(recording.response.body, undefined, 1)
    const { reply, call } = await send(recording, {}, (call) =>
      call.reply(200, text, recording.response.headers),
    )
    expect([reply.status, reply.text]).toEqual([200, text])
    expect(call.document).toEqual({ ...recording.request.body, model: scene.model.name })
  })

  it.each(named(streams))(
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
      const asked = await send(recording, { stream: true, stream_options: { include_usage: true } }, stream)
      expect(asked.reply.status).toBe(200)
      expect(eventsOf(asked.reply.text)).toEqual(eventsOf(text))
      expect(asked.call.document).toEqual({
        ...recording.request.body,
        ...{ model: scene.model.name, stream: true, stream_options: { include_usage: true } },
      })
      const { reply } = await send(recording, { stream: true, stream_options: undefined }, stream)
      expect(parsed(eventsOf(reply.text))).toEqual(withoutUsage(eventsOf(text)))
    },
  )

  it.each(named(errors))('%s is an error', async (_, recording) => {
    const { status, headers, body } = recording.response
    const { reply } = await send(recording, {}, (call) => call.reply(status, body, headers))
    const { error } = JSON.parse(reply.text) as { error: { code: string } }
    if (status === 404) expect([reply.status, error.code]).toEqual([400, 'unsupported_model'])
    else if (status === 429) expect([reply.status, error.code]).toEqual([429, 'rate_limit_exceeded'])
    else expect([reply.status, reply.text]).toEqual([status, JSON.stringify(body)])
  })

  it('is in the ledger with the tokens that were recorded, each in one bucket', () =>
    replay.expectInLedger(bucketsOf))
}
