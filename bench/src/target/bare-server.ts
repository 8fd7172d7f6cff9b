import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool, type Dispatcher } from 'undici'

/** What a bare proxy puts in place of what the client sent. */
export interface BareProxyOptions {
  /** The provider's base URL, up to and with /v1. */
  upstream: string
  key: string
  model: string
  /** Forward with undici's low-level handlers instead of `request()` and a piped body. */
  dispatch: boolean
}

export interface BareProxy {
  url: string
  close(): Promise<void>
}

/**
 * The reference: the least that a Node program must do to stand between a client and a provider. It reads the body,
 * parses it, swaps key and model, serialises it again, forwards it and passes the reply on. No key check, no rights, no
 * journal, no metering, no logs.
 */
export async function startBareProxy(options: BareProxyOptions): Promise<BareProxy> {
  const { origin, pathname } = new URL(options.upstream)
  const pool = new Pool(origin, { connections: 256, keepAliveTimeout: 60_000 })
  const forward = options.dispatch ? forwardByDispatch : forwardByRequest
  const server = createServer((request, response) => {
    readBody(request, (text) => {
      const body = JSON.parse(text) as { model: string }
      body.model = options.model
      const call = {
        method: 'POST' as const,
        path: `${pathname}/chat/completions`,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${options.key}` },
        body: JSON.stringify(body),
      }
      forward(pool, call, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
      await pool.destroy()
    },
  }
}

function readBody(request: IncomingMessage, done: (text: string) => void): void {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => done((parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString()))
}

type Call = Dispatcher.DispatchOptions & { path: string; method: 'POST' }
type Headers = Record<string, string | string[] | undefined>

function pickHeaders(headers: Headers): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of ['content-type', 'content-length']) {
    const value = headers[name]
    if (typeof value === 'string') picked[name] = value
  }
  return picked
}

function fail(response: ServerResponse, error: Error): void {
  if (response.headersSent) response.destroy()
  else
    response
      .writeHead(502, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: { message: error.message } }))
}

function forwardByRequest(pool: Pool, call: Call, response: ServerResponse): void {
  pool.request(call).then(
    (reply) => {
      response.writeHead(reply.statusCode, pickHeaders(reply.headers))
      reply.body.on('error', (error: Error) => fail(response, error))
      reply.body.pipe(response)
    },
    (error: Error) => fail(response, error),
  )
}

function forwardByDispatch(pool: Pool, call: Call, response: ServerResponse): void {
  pool.dispatch(call, {
    onRequestStart: () => undefined,
    onResponseStart: (_controller, statusCode, headers) => {
      response.writeHead(statusCode, pickHeaders(headers))
    },
    onResponseData: (controller, chunk) => {
      if (response.write(chunk)) return
      controller.pause()
      response.once('drain', () => controller.resume())
    },
    onResponseEnd: () => {
      response.end()
    },
    onResponseError: (_controller, error) => fail(response, error),
  })
}
