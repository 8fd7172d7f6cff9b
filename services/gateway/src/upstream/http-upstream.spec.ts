import { AddressPolicy } from '@weir/upstream-address'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { HttpUpstream } from './http-upstream.js'
import type { UpstreamFailure } from './upstream.js'

describe('threat 2: an upstream at an address that is not allowed', () => {
  const limits = { connectTimeoutMs: 1_000, firstByteTimeoutMs: 1_000, idleTimeoutMs: 1_000 }

  /** The status of the answer, or why there was none. */
  const call = (upstream: HttpUpstream, baseUrl: string) =>
    new Promise<unknown>((resolve) => {
      upstream.call(
        { baseUrl, path: '/x', headers: {}, body: '' },
        {
          onHead: (status) => resolve(status),
          onData: () => undefined,
          onEnd: () => undefined,
          onError: ({ kind }: UpstreamFailure) => resolve(kind),
        },
      )
    })

  it('is not connected to, by name or by number, and is once it is allowed', async () => {
    let connections = 0
    const server = createServer((_, response) => response.end('{}'))
    server.on('connection', () => (connections += 1))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const upstreamOf = (allowed: string[]) => {
      const policy = new AddressPolicy(allowed)
      return new HttpUpstream({ ...limits, isForbidden: (address) => policy.isForbidden(address) })
    }
    const [strict, open] = [upstreamOf([]), upstreamOf(['127.0.0.0/8'])]
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]']) {
      expect([host, await call(strict, `http://${host}:${port}/v1`)]).toEqual([host, 'forbidden_address'])
    }
    expect(connections).toBe(0)
    expect(await call(open, `http://localhost:${port}/v1`)).toBe(200)
    expect(connections).toBe(1)
    await Promise.all([strict.close(), open.close()])
    server.close()
  })
})

describe('an upstream that is too slow for one call', () => {
  it('is given up in the time of that call, also while it is being connected to', async () => {
    const sockets: Socket[] = []
    const mute = createTcpServer((socket) => sockets.push(socket.on('error', () => undefined)))
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as AddressInfo
    const limits = { connectTimeoutMs: 5_000, firstByteTimeoutMs: 5_000, idleTimeoutMs: 5_000 }
    const upstream = new HttpUpstream({ ...limits, isForbidden: () => false })
    for (const scheme of ['https', 'http']) {
      const startedAt = performance.now()
      const failure = await new Promise<unknown>((resolve) => {
        upstream.call(
          {
            ...{ baseUrl: `${scheme}://127.0.0.1:${port}/v1`, path: '/x', headers: {}, body: '' },
            firstByteTimeoutMs: 200,
          },
          {
            onHead: (status) => resolve(status),
            onData: () => undefined,
            onEnd: () => undefined,
            onError: ({ kind }: UpstreamFailure) => resolve(kind),
          },
        )
      })
      expect([scheme, failure]).toEqual([scheme, 'timeout'])
      expect(performance.now() - startedAt).toBeLessThan(2_000)
    }
    // What sends the head at once has not answered yet.
    mute.on('connection', (socket: Socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'))
    })
    const heard: unknown[] = []
    await new Promise<void>((resolve) => {
      upstream.call(
        {
          baseUrl: `http://127.0.0.1:${port}/v1`,
          path: '/x',
          headers: {},
          body: '',
          firstByteTimeoutMs: 200,
        },
        {
          onHead: (status) => heard.push(status),
          onData: () => undefined,
          onEnd: () => resolve(),
          onError: ({ kind }: UpstreamFailure) => {
            heard.push(kind)
            resolve()
          },
        },
      )
    })
    expect(heard).toEqual([200, 'timeout'])
    for (const socket of sockets) socket.destroy()
    await upstream.close()
    mute.close()
  })
})
