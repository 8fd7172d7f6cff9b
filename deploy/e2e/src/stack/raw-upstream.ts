import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What an upstream does with a call. */
export type Answer = (call: ReceivedCall) => void | Promise<void>

/** A call as it came in. */
export class ReceivedCall {
  readonly at = performance.now()
  /** performance.now() when its connection was closed by the other side, before the answer was whole. */
  leftAt: number | undefined
  private readonly closed: Promise<void>

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly body: Buffer,
  ) {
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) this.leftAt = performance.now()
        resolve()
      })
    })
  }

  get path(): string {
    return this.request.url ?? ''
  }

  get socket(): Socket {
    return this.request.socket
  }

  /** The body, parsed. */
  get document(): Record<string, unknown> & { model: string } {
    return JSON.parse(this.body.toString()) as Record<string, unknown> & { model: string }
  }

  /** Answers at once with JSON, or with a text as it is. */
  reply(status: number, body: unknown, headers: Record<string, string> = {}): void {
    const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  }

  startStream(headers: Record<string, string> = {}): void {
    this.response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).flushHeaders()
  }

  /** Writes text; resolves when the socket takes more. */
  async write(text: string | Buffer): Promise<void> {
    if (this.response.write(text) || this.response.destroyed) return
    await Promise.race([new Promise<void>((resolve) => this.response.once('drain', resolve)), this.closed])
  }

  event(value: unknown): Promise<void> {
    return this.write(sse(value))
  }

  end(text = ''): void {
    this.response.end(text)
  }

  /** Breaks the connection off, so that the answer stays a part. */
  cut(): void {
    this.socket.resetAndDestroy()
  }
}

/** An event of a stream. */
export const sse = (value: unknown): string =>
  `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`

/** A chunk of a chat completion stream. */
export function chunk(content: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'chatcmpl-test',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'upstream-model',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
    usage: null,
    ...fields,
  }
}

/** The last chunk before `[DONE]`, which carries the usage. */
export function usageChunk(
  prompt: number,
  completion: number,
  details: Record<string, unknown> = {},
): Record<string, unknown> {
  const usage = {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...details,
  }
  return chunk('', { choices: [], usage })
}

/** A chat completion with its usage. */
export function completion(content: string, prompt = 9, output = 3): Record<string, unknown> {
  return {
    id: 'chatcmpl-test',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'upstream-model',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output },
  }
}

const usual: Answer = async (call) => {
  if (call.document['stream'] !== true) return call.reply(200, completion('Hello there.'))
  call.startStream()
  for (const word of ['Hello', ' there', '.']) await call.event(chunk(word))
  await call.event(usageChunk(9, 3))
  call.end(sse('[DONE]'))
}

/**
 * An upstream that can do what a well-behaved mock cannot: cut, stall, lie. Answers differ by the
 * model that is asked for, so that tests of one file do not meet.
 */
export class RawUpstream {
  /** Every call, in the order of arrival. */
  readonly calls: ReceivedCall[] = []
  private readonly answers = new Map<string, Answer>()

  private constructor(private readonly server: Server) {}

  static async start(): Promise<RawUpstream> {
    const server = createServer()
    const upstream = new RawUpstream(server)
    server.on('request', (request, response) => void upstream.receive(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return upstream
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** A provider's `base_url`. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`
  }

  /** What calls for a model are answered with, instead of a short completion. */
  answer(model: string, answer: Answer): void {
    this.answers.set(model, answer)
  }

  /** Calls for a model, in the order of arrival. */
  callsFor(model: string): ReceivedCall[] {
    return this.calls.filter((call) => call.body.includes(`"model":${JSON.stringify(model)}`))
  }

  async stop(): Promise<void> {
    this.server.close()
    this.server.closeAllConnections()
    if (this.server.listening) await once(this.server, 'close')
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The catalog tries a credential before it takes over.
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[]}')
      return
    }
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const call = new ReceivedCall(request, response, Buffer.concat(parts))
    this.calls.push(call)
    const model = /"model":"([^"]*)"/.exec(call.body.toString())?.[1] ?? ''
    await (this.answers.get(model) ?? usual)(call)
  }
}
