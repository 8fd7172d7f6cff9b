import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'

/** A whole reply, byte for byte. */
export interface WholeReply {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  text: string
}

interface CallOptions {
  url: string
  /** Absent: none is sent. */
  key?: string
  path?: string
  method?: string
  headers?: Record<string, string>
  /** Sent as JSON, or as it is when it is text or bytes. */
  body?: unknown
}

const messages = [{ role: 'user', content: 'Hello' }]

/** A chat completion's body. */
export const chat = (model: string, fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  model,
  messages,
  ...fields,
})

/** Sends one request over a connection of its own, so that any of the gateways may get it. */
export function openCall(options: CallOptions): { request: ClientRequest; reply: Promise<IncomingMessage> } {
  const { body, key } = options
  const payload =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const call = request(`${options.url}${options.path ?? '/v1/chat/completions'}`, {
    method: options.method ?? 'POST',
    agent: false,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(payload !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
      }),
      ...options.headers,
    },
  })
  const reply = once(call, 'response').then(([response]) => response as IncomingMessage)
  call.end(payload)
  return { request: call, reply }
}

/** Sends a request and reads its whole reply. */
export async function send(options: CallOptions): Promise<WholeReply> {
  const reply = await openCall(options).reply
  const parts: Buffer[] = []
  for await (const part of reply) parts.push(part as Buffer)
  const body = Buffer.concat(parts)
  return { status: reply.statusCode ?? 0, headers: reply.headers, body, text: body.toString() }
}

/** The error of a reply in OpenAI's envelope. */
export interface ErrorBody {
  message: string
  type: string
  param: string | null
  code: string
}

/** Sends a request that shall be refused. */
export async function sendRefused(options: CallOptions): Promise<WholeReply & { error: ErrorBody }> {
  const reply = await send(options)
  const { error } = JSON.parse(reply.text) as { error: ErrorBody }
  return { ...reply, error }
}

/** The events of a stream: the text after each `data:`. */
export function eventsOf(text: string): string[] {
  return text.split(/\r?\n\r?\n/).flatMap((event) => /^data: ?(.*)$/ms.exec(event)?.[1] ?? [])
}

/** Sends bytes as they are and gives back all that comes until the connection is closed, or `until` has come. */
export async function sendBytes(url: string, bytes: string | Buffer, until?: RegExp): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket
    .setEncoding('latin1')
    .setTimeout(10_000, () => socket.destroy(new Error(`No end after 10 s, but: ${received}`)))
  socket.write(bytes)
  try {
    for await (const part of socket) {
      received += part as string
      if (until?.test(received)) break
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
  } finally {
    socket.destroy()
  }
  return received
}
