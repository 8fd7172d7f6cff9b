import { waitFor } from '@weir/testing'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempt } from '../stack/accounting.js'
import { chat, eventsOf, openCall, send } from '../stack/client.js'
import { containing } from '../stack/matchers.js'
import { type Answer, chunk, RawUpstream, type ReceivedCall, sse, usageChunk } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { readResidentBytes } from '../stack/metrics.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
})
afterAll(() => upstream.stop())

const ask = (fields: Record<string, unknown> = {}) => ({
  ...{ url: weir.url, key: scene.key },
  body: chat(scene.model.name, { stream: true, ...fields }),
})

const answer = (how: Answer): void => upstream.answer(scene.model.name, how)

/** Answers with a text, and ends. */
const answerWith = (text: string | Buffer): void =>
  answer((call) => {
    call.startStream()
    call.end(text.toString())
  })

/** The calls after this one has been made. */
async function nextCall(make: () => void): Promise<ReceivedCall> {
  const before = upstream.calls.length
  make()
  return waitFor(() => upstream.calls[before], { what: 'the upstream to be called' })
}

const withUsage = { stream_options: { include_usage: true } }

describe('a stream', () => {
  const shown = sse(chunk('Grüße', { usage: undefined })) + sse(chunk(' 🌊', { usage: undefined }))
  const sent = sse(chunk('Grüße')) + sse(chunk(' 🌊')) + sse(usageChunk(12, 4)) + sse('[DONE]')

  it('is the provider’s byte for byte when the caller asks for usage', async () => {
    answerWith(sent)
    const reply = await send(ask(withUsage))
    expect([reply.status, reply.text]).toEqual([200, sent])
    expect(reply.headers['content-type']).toMatch(/^text\/event-stream/)
  })

  it.each([{}, { stream_options: null }, { stream_options: { include_usage: false } }])(
    'shows no usage that the caller did not ask for: %j',
    async (options) => {
      answerWith(sent)
      const reply = await send(ask(options))
      expect(eventsOf(reply.text)).toEqual(eventsOf(shown + sse('[DONE]')))
      expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
        ...{
          outcome: 'succeeded',
          usage_source: 'reported',
          input_tokens: 12,
          output_tokens: 4,
          streamed: true,
        },
      })
    },
  )

  it('shows none that is written in another way', async () => {
    answerWith(`data: {"choices": [{"delta": {"content": "Hi"}}], "usage": null}\n\n${sse('[DONE]')}`)
    const [event = ''] = eventsOf((await send(ask())).text)
    expect(JSON.parse(event)).toEqual({ choices: [{ delta: { content: 'Hi' } }] })
  })

  it('keeps what a last chunk has besides its usage', async () => {
    const last = chunk('!', { usage: { prompt_tokens: 2, completion_tokens: 1 }, system_fingerprint: 'fp' })
    answerWith(sse(last) + sse('[DONE]'))
    const { usage: _, ...rest } = last
    const [event = ''] = eventsOf((await send(ask())).text)
    expect(JSON.parse(event)).toEqual(rest)
  })

  it('is the same however it is split, with any line ends, comments and event names', async () => {
    for (const eol of ['\n', '\r\n']) {
      const text = `: keep-alive\n\nevent: message\nid: 7\n${sent}`.replaceAll('\n', eol)
      answer(async (call) => {
        call.startStream()
        const bytes = Buffer.from(text)
        for (let at = 0; at < bytes.length; at += 7) {
          await call.write(bytes.subarray(at, at + 7))
          if (at % 70 === 0) await new Promise(setImmediate)
        }
        call.end()
      })
      expect(eventsOf((await send(ask(withUsage))).text)).toEqual(eventsOf(text))
    }
  })

  it('arrives chunk by chunk: the next is sent only when the one before has been read', async () => {
    let goOn: () => void = () => undefined
    answer(async (call) => {
      call.startStream()
      for (const word of ['one', 'two', 'three', 'four']) {
        const read = new Promise<void>((resolve) => (goOn = resolve))
        await call.event(chunk(word))
        await read
      }
      call.end(sse('[DONE]'))
    })
    const reply = await openCall(ask()).reply
    const words: string[] = []
    for await (const part of reply.setEncoding('utf8')) {
      for (const event of eventsOf(part as string).filter((text) => text !== '[DONE]')) {
        words.push(
          (JSON.parse(event) as { choices: [{ delta: { content: string } }] }).choices[0].delta.content,
        )
        goOn()
      }
    }
    expect(words).toEqual(['one', 'two', 'three', 'four'])
  })

  it('has its end only when it is accounted for', async () => {
    answerWith(sent)
    const reply = await send(ask())
    const depth = await waitForAttempt(weir.management, reply.headers['x-request-id'])
    expect(reply.text.endsWith(sse('[DONE]'))).toBe(true)
    expect(depth.duration_ms).toBeGreaterThanOrEqual(depth.first_byte_ms ?? 0)
  })

  it('may have large events, and passes on what it does not understand', async () => {
    const large = sse(chunk('x'.repeat(3_000_000)))
    answerWith(`${large}data: {not json "usage"}\n\nretry: 10\n\n${sse('[DONE]')}`)
    const reply = await send(ask(withUsage))
    expect(reply.text === `${large}data: {not json "usage"}\n\nretry: 10\n\n${sse('[DONE]')}`).toBe(true)
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      ...{ outcome: 'succeeded', usage_source: 'estimated', output_tokens: 750_000 },
    })
  })
})

describe('a stream that does not end well (threat 27)', () => {
  const partial = sse(chunk('twelve bytes'))

  const endings: [string, Answer][] = [
    [
      'whose connection breaks off',
      async (call) => {
        call.startStream()
        await call.write(partial)
        setTimeout(() => call.cut(), 50)
      },
    ],
    ['that just stops', (call) => (call.startStream(), call.end(partial))],
    [
      'that stops within an event',
      (call) => (call.startStream(), call.end(`${partial}data: {"choices":[{"del`)),
    ],
    [
      'that stops within its mark of the end',
      (call) => (call.startStream(), call.end(`${partial}data: [DONE]`)),
    ],
  ]
  it.each(endings)('%s ends with an error event, never with [DONE], and is paid for', async (_, how) => {
    answer(how)
    const reply = await send(ask())
    const events = eventsOf(reply.text)
    expect(JSON.parse(events[0] ?? '')).toMatchObject({ choices: [{ delta: { content: 'twelve bytes' } }] })
    expect(events).toHaveLength(2)
    expect(JSON.parse(events[1] ?? '')).toMatchObject({
      error: {
        code: 'provider_error',
        type: 'api_error',
        message: containing('broke off'),
      },
    })
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      ...{ outcome: 'cut', error_code: 'provider_error', usage_source: 'estimated', output_tokens: 3 },
      cost_usd: expect.not.stringMatching(/^0\.0+$/) as string,
    })
  })

  it('passes the provider’s own error event on and does not make a success of it', async () => {
    const error = sse({
      error: { message: 'The model is overloaded.', type: 'server_error', code: 'overloaded' },
    })
    answerWith(partial + error)
    const reply = await send(ask(withUsage))
    expect(reply.text).toBe(partial + error)
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      ...{ outcome: 'failed', error_code: 'provider_error' },
    })
  })

  it('is refused when one event is endless', async () => {
    const part = 'x'.repeat(1024 * 1024)
    answer(async (call) => {
      call.startStream()
      await call.write('data: {"choices":[{"delta":{"content":"')
      while (!call.response.destroyed) await call.write(part)
    })
    const reply = await send(ask())
    const [event = ''] = eventsOf(reply.text)
    expect(JSON.parse(event)).toMatchObject({ error: { code: 'provider_error' } })
    expect(reply.text).not.toContain('[DONE]')
  })

  it.each([
    ['negative', { prompt_tokens: -100, completion_tokens: -3 }],
    ['huge', { prompt_tokens: 1e300, completion_tokens: 1 }],
    ['text', { prompt_tokens: '5', completion_tokens: '3' }],
  ])('does not believe a usage that is %s', async (_, usage) => {
    answerWith(partial + sse(chunk('', { choices: [], usage })) + sse('[DONE]'))
    const reply = await send(ask())
    const attempt = await waitForAttempt(weir.management, reply.headers['x-request-id'])
    expect(attempt).toMatchObject({ usage_source: 'estimated', output_tokens: 3 })
    expect(attempt.input_tokens).toBeGreaterThan(0)
  })
})

describe('a caller that hangs up', () => {
  /** Milliseconds from hanging up until the upstream noticed. */
  async function hangUp(open: ReturnType<typeof openCall>, call: ReceivedCall): Promise<number> {
    const left = performance.now()
    open.request.destroy()
    const noticedAt = await waitFor(() => call.leftAt, { what: 'the upstream to be stopped' })
    return noticedAt - left
  }

  it('stops the upstream within a second, and pays for what was generated', async () => {
    answer(async (call) => {
      call.startStream()
      while (!call.response.destroyed) {
        await call.event(chunk('four'))
        await sleep(20)
      }
    })
    let open: ReturnType<typeof openCall> | undefined
    const call = await nextCall(() => (open = openCall(ask())))
    if (!open) throw new Error('Nothing was sent.')
    const reply = await open.reply
    await once(reply, 'data')
    expect(await hangUp(open, call)).toBeLessThan(1_000)
    const attempt = await waitForAttempt(weir.management, reply.headers['x-request-id'])
    expect(attempt).toMatchObject({ outcome: 'client_closed', usage_source: 'estimated' })
    expect(attempt.input_tokens).toBeGreaterThan(0)
    expect(attempt.output_tokens).toBeGreaterThan(0)
    expect(Number(attempt.cost_usd)).toBeGreaterThan(0)
  })

  it.each([false, true])('before the first byte stops it too (streamed: %s)', async (stream) => {
    answer(() => undefined)
    const id = `hang-up-${scene.team.id}-${stream}`
    let open: ReturnType<typeof openCall> | undefined
    const call = await nextCall(() => {
      open = openCall({ ...ask({ stream }), headers: { 'x-request-id': id } })
      open.reply.catch(() => undefined)
    })
    expect(open && (await hangUp(open, call))).toBeLessThan(1_000)
    const attempt = await waitForAttempt(weir.management, id)
    expect(attempt).toMatchObject({ outcome: 'client_closed', usage_source: 'estimated', output_tokens: 0 })
    expect(attempt.input_tokens).toBeGreaterThan(0)
  })

  it('pays what the provider has reported by then', async () => {
    answer(async (call) => {
      call.startStream()
      await call.write(sse(chunk('Hi')) + sse(usageChunk(321, 123)))
    })
    const open = openCall(ask(withUsage))
    const reply = await open.reply
    let text = ''
    for await (const part of reply.setEncoding('utf8')) {
      text += part as string
      if (text.includes('321')) break
    }
    open.request.destroy()
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      ...{ outcome: 'client_closed', usage_source: 'reported', input_tokens: 321, output_tokens: 123 },
    })
  })
})

describe('a caller that reads slowly (threat 26)', () => {
  const piece = sse(chunk('x'.repeat(64 * 1024)))

  it('holds the upstream back, and gets everything in the end', async () => {
    const total = 400
    answer(async (call) => {
      call.startStream()
      for (let index = 0; index < total; index += 1) await call.write(piece)
      call.end(sse('[DONE]'))
    })
    const reply = await openCall(ask(withUsage)).reply
    let bytes = 0
    let parts = 0
    for await (const part of reply) {
      bytes += (part as Buffer).length
      if ((parts += 1) % 10 === 0) await sleep(1)
    }
    expect(bytes).toBe(total * Buffer.byteLength(piece) + sse('[DONE]').length)
  })

  it('that reads nothing costs the gateway no memory, and its hanging up is noticed', async () => {
    let written = 0
    answer(async (call) => {
      call.startStream()
      while (!call.response.destroyed) {
        await call.write(piece)
        written += piece.length
      }
    })
    const before = await readResidentBytes(weir)
    const open = openCall(ask())
    const reply = await open.reply
    reply.pause()
    // Until nothing moves any more for half a second.
    let last = -1
    await waitFor(() => (written === last ? true : ((last = written), false)), {
      intervalMs: 500,
      timeoutMs: 20_000,
    })
    const grown = (await readResidentBytes(weir)) - before
    // Two connections' buffers in the kernel, and what the three processes hold.
    expect(written).toBeLessThan(40 * 1024 * 1024)
    expect(grown).toBeLessThan(64 * 1024 * 1024)
    const call = upstream.calls.at(-1)
    const left = performance.now()
    open.request.destroy()
    await waitFor(() => call?.leftAt, { what: 'the upstream to be stopped' })
    expect((call?.leftAt ?? Infinity) - left).toBeLessThan(1_000)
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      outcome: 'client_closed',
    })
  })
})
