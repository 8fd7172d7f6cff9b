import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startBareProxy, type BareProxy } from '../target/bare-server.js'
import { startUpstream, type Upstream } from '../upstream/server.js'
import { streamEvents, upstreamKey, upstreamModel } from '../upstream/chat.js'
import { chatRequest } from './chat-request.js'
import type { LoadPlan } from './plan.js'
import { runLoad } from './run.js'

const open: { close(): Promise<unknown> }[] = []

afterEach(async () => {
  for (const server of open.splice(0).reverse()) await server.close()
})

async function upstreamAndProxy(options: {
  dispatch: boolean
  key?: string
}): Promise<[Upstream, BareProxy]> {
  const upstream = await startUpstream()
  open.push(upstream)
  const proxy = await startBareProxy({
    upstream: upstream.baseUrl,
    key: options.key ?? upstreamKey,
    model: upstreamModel,
    dispatch: options.dispatch,
  })
  open.push(proxy)
  return [upstream, proxy]
}

async function serverOf(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push({
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`
}

const plan = (url: string, fields: Partial<LoadPlan> & Pick<LoadPlan, 'schedule'>): LoadPlan => ({
  url,
  headers: { authorization: 'Bearer vk_any' },
  body: chatRequest('any-model', fields.streamEvents !== undefined),
  connections: 8,
  watchPids: [],
  ...fields,
})

describe.each([
  { name: 'undici request', dispatch: false },
  { name: 'undici dispatch', dispatch: true },
])('load on a bare proxy with $name', ({ dispatch }) => {
  it('has every request of a closed loop answered and counted at both ends', async () => {
    const [upstream, proxy] = await upstreamAndProxy({ dispatch })
    const schedule = { kind: 'closed', warmupSeconds: 0.3, seconds: 0.7 } as const
    const result = await runLoad(plan(`${proxy.url}/v1/chat/completions`, { schedule }))
    expect(result).toMatchObject({ failed: 0, succeeded: result.sent })
    expect(upstream.stats).toEqual({ requests: result.sent, streams: 0, refused: 0, hangUps: 0 })
    expect(result.window.requests).toBeGreaterThan(50)
    expect(result.window.requests).toBeLessThan(result.sent)
    // A reply may be counted in the turn in which the window closes.
    expect(Math.abs(result.latencyMs.samples - result.window.requests)).toBeLessThanOrEqual(8)
  })

  it('has every event of every stream', async () => {
    const [upstream, proxy] = await upstreamAndProxy({ dispatch })
    upstream.paceMs = 1
    const schedule = { kind: 'count', requests: 40 } as const
    const result = await runLoad(plan(`${proxy.url}/v1/chat/completions`, { schedule, streamEvents }))
    expect(result).toMatchObject({ sent: 40, succeeded: 40, failed: 0 })
    expect(result.window.events).toBe(40 * streamEvents)
    expect(upstream.stats).toEqual({ requests: 40, streams: 40, refused: 0, hangUps: 0 })
  })

  it('reports what the upstream refuses', async () => {
    const [upstream, proxy] = await upstreamAndProxy({ dispatch, key: 'sk-wrong' })
    const schedule = { kind: 'count', requests: 10 } as const
    const result = await runLoad(plan(`${proxy.url}/v1/chat/completions`, { schedule }))
    expect(result).toMatchObject({ sent: 10, succeeded: 0, failed: 10 })
    expect(result.firstFailure).toContain('status 401')
    expect(upstream.stats).toMatchObject({ requests: 0, refused: 10 })
  })
})

describe('load at a fixed rate', () => {
  it('sends the number of requests that the rate makes', async () => {
    const [upstream, proxy] = await upstreamAndProxy({ dispatch: false })
    const schedule = { kind: 'rate', perSecond: 100, warmupSeconds: 0.5, seconds: 1 } as const
    const result = await runLoad(plan(`${proxy.url}/v1/chat/completions`, { schedule }))
    expect(result).toMatchObject({ sent: 150, succeeded: 150, failed: 0, latencyMs: { samples: 100 } })
    expect(upstream.stats.requests).toBe(150)
  })

  it('does not omit the waits that one stall of the server causes', async () => {
    const stallMs = 400
    let seen = 0
    let stalledUntilMs = 0
    const url = await serverOf((request, response) => {
      request.resume()
      if (++seen === 20) stalledUntilMs = performance.now() + stallMs
      setTimeout(() => response.end('{}'), Math.max(0, stalledUntilMs - performance.now()))
    })
    // One connection to begin with: a generator that waits for replies would see a single slow request.
    const schedule = { kind: 'rate', perSecond: 100, warmupSeconds: 0, seconds: 1 } as const
    const result = await runLoad(plan(url, { schedule, connections: 1 }))
    expect(result.succeeded).toBe(100)
    // 40 of 100 requests fall due during the stall: a request in the middle of it waits for half of it.
    expect(result.latencyMs.p90).toBeGreaterThan(stallMs * 0.6)
    expect(result.latencyMs.max).toBeGreaterThan(stallMs * 0.9)
  })

  it('counts the time by which the generator itself is late', async () => {
    const url = await serverOf((request, response) => {
      request.resume()
      response.end('{}')
    })
    const schedule = { kind: 'rate', perSecond: 100, warmupSeconds: 0, seconds: 1 } as const
    setTimeout(() => {
      for (const untilMs = performance.now() + 300; performance.now() < untilMs;);
    }, 300)
    const result = await runLoad(plan(url, { schedule }))
    expect(result.latenessMs?.max).toBeGreaterThan(200)
    expect(result.latencyMs.max).toBeGreaterThanOrEqual(result.latenessMs?.max ?? Infinity)
  })
})

describe('a reply that is not right', () => {
  const schedule = { kind: 'count', requests: 3 } as const

  it.each([
    ['ends without [DONE]', 'data: {}\n\n', 'ended without [DONE]'],
    ['lacks an event', 'data: {}\n\ndata: [DONE]\n\n', 'had 1 events instead of 2'],
  ])('is a failure when the stream %s', async (_, body, failure) => {
    const url = await serverOf((request, response) => {
      request.resume()
      response.end(body)
    })
    const result = await runLoad(plan(url, { schedule, connections: 1, streamEvents: 2 }))
    expect(result).toMatchObject({ failed: 3, succeeded: 0 })
    expect(result.firstFailure).toContain(failure)
  })

  it('is a failure when the connection is cut, and the next request has a new one', async () => {
    let seen = 0
    const url = await serverOf((request, response) => {
      request.resume()
      if (++seen === 2) response.destroy()
      else response.end('{}')
    })
    const result = await runLoad(plan(url, { schedule, connections: 1 }))
    expect(result).toMatchObject({ sent: 3, succeeded: 2, failed: 1 })
  })
})
