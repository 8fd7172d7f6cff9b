import { waitFor } from '@weir/testing'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempt } from '../stack/accounting.js'
import { chat, eventsOf, openCall, send, sendRefused } from '../stack/client.js'
import { atLeast } from '../stack/matchers.js'
import { chunk, completion, RawUpstream, sse, usageChunk } from '../stack/raw-upstream.js'
import { createScene, inForce, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

/** The shared Weir's; see stack/global-setup.ts. */
const connectTimeoutMs = 1_000
const silenceTimeoutMs = 3_000
/** Timers are coarse, and the machine may be busy. */
const slackMs = 2_500
/** Many tests share the machine: late is no failure, never is. */
const latenessMs = 8_000

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
})
afterAll(() => upstream.stop())

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const began = performance.now()
  const result = await work()
  return { result, ms: performance.now() - began }
}

const timedOut = { status: 504, error: { code: 'provider_timeout', type: 'api_error' } }

describe.concurrent('time runs out for', () => {
  describe('a caller that reads nothing of its answer (threat 26)', () => {
    const patienceMs = 2 * silenceTimeoutMs

    it('is let go in the end, and with it the provider; what came is paid for', async () => {
      const model = await scene.addModel()
      const piece = sse(chunk('x'.repeat(64 * 1024)))
      upstream.answer(model.name, async (call) => {
        call.startStream()
        while (!call.response.destroyed) await call.write(piece)
      })
      const id = `stalled-${scene.team.id}`
      const call = openCall({
        ...{ url: weir.url, key: scene.key, headers: { 'x-request-id': id } },
        body: chat(model.name, { stream: true }),
      })
      const reply = await call.reply
      reply.pause()
      reply.on('error', () => undefined)
      call.request.on('error', () => undefined)
      const began = performance.now()
      const received = upstream.callsFor(model.name)[0]
      // A socket that took some bytes since it was last looked at gets the time once more.
      await waitFor(() => received?.leftAt, {
        timeoutMs: 2 * patienceMs + latenessMs,
        what: 'the provider to be stopped',
      })
      expect(performance.now() - began).toBeGreaterThan(patienceMs - slackMs)
      expect(await waitForAttempt(weir.management, id)).toMatchObject({
        ...{ outcome: 'client_closed', usage_source: 'estimated' },
        output_tokens: atLeast(64 * 1024),
      })
    })
  })

  describe('a provider that takes too long', () => {
    it.each([false, true])('to begin its answer is given up with 504 (streamed: %s)', async (stream) => {
      const model = await scene.addModel()
      upstream.answer(model.name, () => undefined)
      const { result, ms } = await timed(() =>
        sendRefused({ url: weir.url, key: scene.key, body: chat(model.name, { stream }) }),
      )
      expect(result).toMatchObject(timedOut)
      expect(result.error.message).toContain(scene.provider.name)
      expect(ms).toBeGreaterThan(silenceTimeoutMs - 100)
      expect(ms).toBeLessThan(silenceTimeoutMs + latenessMs)
      await waitFor(() => upstream.callsFor(model.name)[0]?.leftAt, { what: 'the provider to be stopped' })
      expect(await waitForAttempt(weir.management, result.headers['x-request-id'])).toMatchObject({
        ...{
          outcome: 'timed_out',
          error_code: 'provider_timeout',
          usage_source: 'none',
          upstream_status: null,
        },
      })
    })

    it('within its reply is given up with 504', async () => {
      const model = await scene.addModel()
      upstream.answer(model.name, (call) => {
        call.response.writeHead(200, { 'content-type': 'application/json' })
        call.response.write('{"choices":[')
      })
      const result = await sendRefused({ url: weir.url, key: scene.key, body: chat(model.name) })
      expect(result).toMatchObject(timedOut)
      expect(await waitForAttempt(weir.management, result.headers['x-request-id'])).toMatchObject({
        outcome: 'timed_out',
      })
    })

    it('within its stream is given up with an error event, and what came is paid for', async () => {
      const model = await scene.addModel()
      upstream.answer(model.name, async (call) => {
        call.startStream()
        await call.event(chunk('twelve bytes'))
      })
      const { result, ms } = await timed(() =>
        send({ url: weir.url, key: scene.key, body: chat(model.name, { stream: true }) }),
      )
      const [first = '', second = '', ...more] = eventsOf(result.text)
      expect(JSON.parse(first)).toMatchObject({ choices: [{ delta: { content: 'twelve bytes' } }] })
      expect(JSON.parse(second)).toMatchObject({ error: timedOut.error })
      expect(more).toEqual([])
      expect(ms).toBeLessThan(silenceTimeoutMs + latenessMs)
      expect(await waitForAttempt(weir.management, result.headers['x-request-id'])).toMatchObject({
        ...{
          outcome: 'timed_out',
          error_code: 'provider_timeout',
          usage_source: 'estimated',
          output_tokens: 3,
        },
      })
    })

    it('to take the connection is given up with 504', async () => {
      const deaf = await DeafServer.start()
      try {
        const provider = await scene.factory.createProvider({ base_url: `http://127.0.0.1:${deaf.port}/v1` })
        const model = await scene.factory.createModel({ provider: provider.id })
        await inForce(weir, scene.key, model.name)
        const { result, ms } = await timed(() =>
          sendRefused({ url: weir.url, key: scene.key, body: chat(model.name) }),
        )
        expect(result).toMatchObject(timedOut)
        expect(ms).toBeGreaterThan(connectTimeoutMs - 100)
        expect(ms).toBeLessThan(connectTimeoutMs + latenessMs)
        expect(await waitForAttempt(weir.management, result.headers['x-request-id'])).toMatchObject({
          outcome: 'timed_out',
        })
      } finally {
        deaf.stop()
      }
    })
  })

  describe('no provider that is slow but not silent, which', () => {
    const pauseMs = silenceTimeoutMs / 2

    it('is waited for, in a stream', async () => {
      const model = await scene.addModel()
      upstream.answer(model.name, async (call) => {
        call.startStream()
        for (let index = 0; index < 3; index += 1) {
          await call.event(chunk('slow'))
          await sleep(pauseMs)
        }
        call.end(sse(usageChunk(5, 3)) + sse('[DONE]'))
      })
      const reply = await send({ url: weir.url, key: scene.key, body: chat(model.name, { stream: true }) })
      expect(eventsOf(reply.text).at(-1)).toBe('[DONE]')
      expect(eventsOf(reply.text)).toHaveLength(4)
    })

    it('is waited for, in a whole reply that trickles in', async () => {
      const model = await scene.addModel()
      const text = JSON.stringify(completion('slow'))
      upstream.answer(model.name, async (call) => {
        call.response.writeHead(200, { 'content-type': 'application/json' })
        for (const part of [text.slice(0, 10), text.slice(10, 20), text.slice(20, 30)]) {
          await call.write(part)
          await sleep(pauseMs)
        }
        call.end(text.slice(30))
      })
      const reply = await send({ url: weir.url, key: scene.key, body: chat(model.name) })
      expect([reply.status, reply.text]).toEqual([200, text])
    })
  })
})

/** A port behind which nobody takes connections any more: its queue is full, and further ones are not answered. */
class DeafServer {
  private constructor(
    readonly port: number,
    private readonly child: ReturnType<typeof spawn>,
    private readonly queued: Socket[],
  ) {}

  static async start(): Promise<DeafServer> {
    const script = `
      const server = require('node:net').createServer()
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        require('node:fs').writeSync(1, String(server.address().port))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      })`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [text] = (await once(child.stdout, 'data')) as [Buffer]
    const port = Number(text.toString())
    const queued = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
    await Promise.race(queued.map((socket) => once(socket, 'connect')))
    await sleep(100)
    return new DeafServer(port, child, queued)
  }

  stop(): void {
    for (const socket of this.queued) socket.destroy()
    this.child.kill('SIGKILL')
  }
}
