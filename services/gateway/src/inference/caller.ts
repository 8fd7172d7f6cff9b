import { AppError } from '@weir/errors'
import type { ServerResponse } from 'node:http'
import type { ReplyOrigin } from '../cache/recorded-reply.js'
import type { ReplyRecorder } from '../cache/reply-recorder.js'
import { type ReplyFilter, toPluginError } from '../plugins/reply-filter.js'
import { type ErrorEnvelope, openaiEnvelope } from './error-envelope.js'

const isEventStream = (contentType: string): boolean => /^text\/event-stream/i.test(contentType)

const noHeaders = {}
const noRecorders: readonly ReplyRecorder[] = []

/** A header's value is of ASCII, and short. */
function toHeaderText(fields: readonly string[]): string {
  return [...new Set(fields)]
    .slice(0, 50)
    .map((field) => field.slice(0, 100).replace(/[^\x21-\x2b\x2d-\x7e]/g, '?'))
    .join(', ')
}

/** The reply to one caller: written once, in the envelope of the API that was called. */
export class Caller {
  /** The status that was sent; 0: none yet. */
  status = 0
  /** The code of the error that was sent; empty: none. */
  errorCode = ''
  /** Sent with every reply: what is left of the limits. */
  limitHeaders: Readonly<Record<string, string>> = noHeaders
  /** Sent with the answer: what became of the request on its way. */
  answerHeaders: Readonly<Record<string, string>> = noHeaders
  /** Sent with every reply: whether it is one that was given before. */
  cacheHeaders: Readonly<Record<string, string>> = noHeaders
  /** What the answer passes on its way out; undefined: nothing. */
  filter: ReplyFilter | undefined
  /** Those who note the answer as it goes out. */
  private recorders: readonly ReplyRecorder[] = noRecorders
  private streamType = ''

  /** @param isStopping whether the gateway is being stopped: replies end their connection then */
  constructor(
    private readonly response: ServerResponse,
    readonly requestId: string,
    private readonly isStopping: () => boolean = () => false,
    private readonly envelope: ErrorEnvelope = openaiEnvelope,
  ) {}

  /** Whether the caller has hung up. */
  get isGone(): boolean {
    return this.response.destroyed
  }

  /** Fields of the request that the provider never sees are told with the answer. */
  noteIgnored(fields: readonly string[]): void {
    if (fields.length === 0 && this.answerHeaders === noHeaders) return
    this.answerHeaders = fields.length === 0 ? noHeaders : { 'x-weir-ignored-fields': toHeaderText(fields) }
  }

  /** Hears of the caller hanging up before its reply was whole. */
  onGone(listener: () => void): void {
    this.response.once('close', () => {
      if (!this.response.writableFinished) listener()
    })
  }

  /** Resolves when the reply is out, or the caller is gone. */
  finished(): Promise<void> {
    if (this.response.writableFinished || this.response.destroyed) return Promise.resolve()
    return new Promise((resolve) => this.response.once('close', resolve))
  }

  /** Has the answer noted as it goes out; the recorder hears of its end, whatever that is. */
  record(recorder: ReplyRecorder): void {
    this.recorders = [...this.recorders, recorder]
    if (this.isGone) recorder.drop()
    else this.response.once('close', () => recorder.drop())
  }

  /** The attempt whose answer goes out has succeeded: others may be given the answer too. */
  noteSuccess(origin: () => ReplyOrigin): void {
    for (const recorder of this.recorders) recorder.noteSuccess(origin())
  }

  /** A whole answer. */
  sendAnswer(contentType: string, body: Buffer | string): void {
    const { filter } = this
    if (!filter) return this.sendRecorded(contentType, body)
    filter.whole(body).then(
      (shown) => this.sendRecorded(contentType, shown),
      (error: unknown) => this.sendError(toPluginError(error)),
    )
  }

  /** A whole reply. It is out at once; its connection may be held until the promise `held` is settled. */
  send(
    status: number,
    contentType: string,
    body: Buffer | string,
    headers: Record<string, string> = {},
    held?: Promise<void>,
  ): void {
    if (this.isGone) return
    this.status = status
    // A refusal is given to nobody else.
    if (status !== 200) for (const recorder of this.recorders) recorder.drop()
    if (this.isStopping()) this.response.shouldKeepAlive = false
    this.response.writeHead(status, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      'x-request-id': this.requestId,
      ...this.envelope.headers(this.requestId),
      ...this.limitHeaders,
      ...this.answerHeaders,
      ...this.cacheHeaders,
      ...headers,
    })
    // A head and a text go out in one write, a head and a buffer in two; latin1 keeps every byte.
    const [text, encoding] =
      typeof body === 'string' ? [body, 'utf8' as const] : [body.toString('latin1'), 'latin1' as const]
    if (!held) return void this.response.end(text, encoding)
    this.response.write(text, encoding)
    void held.then(() => this.response.end())
  }

  sendError(error: AppError, held?: Promise<void>): void {
    this.errorCode = error.code
    const body = this.envelope.body(error, this.requestId)
    this.send(error.status, 'application/json', body, error.toHeaders(), held)
  }

  /** The head of a stream; goes out with its first chunk. */
  startStream(contentType = 'text/event-stream; charset=utf-8'): void {
    this.status = 200
    this.streamType = contentType
    if (!isEventStream(contentType)) this.filter?.takeAsBytes()
    if (this.isStopping()) this.response.shouldKeepAlive = false
    this.response.writeHead(200, {
      'content-type': contentType,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
      'x-request-id': this.requestId,
      ...this.envelope.headers(this.requestId),
      ...this.limitHeaders,
      ...this.answerHeaders,
      ...this.cacheHeaders,
    })
  }

  /** Returns false when the caller reads too slowly: write no more until `onDrain`. */
  write(passed: Buffer): boolean {
    const chunk = this.filter ? this.filter.push(passed) : passed
    if (!chunk) return true
    for (const recorder of this.recorders) recorder.push(chunk)
    return this.response.write(chunk)
  }

  onDrain(listener: () => void): void {
    this.response.once('drain', listener)
  }

  endStream(last: string): void {
    const { filter } = this
    if (!filter) return this.finishStream(last)
    filter.end(last).then(
      (shown) => this.finishStream(shown),
      (error: unknown) => this.endStreamWithError(toPluginError(error)),
    )
  }

  /**
   * Ends a stream that has begun with an error event, never with a clean end.
   * @param sequence the event's number, where the API numbers them
   */
  endStreamWithError(error: AppError, sequence?: number): void {
    this.errorCode = error.code
    for (const recorder of this.recorders) recorder.drop()
    // Sound has no room for an event: that the connection breaks off is all that can be told.
    if (!isEventStream(this.streamType)) return void this.response.destroy()
    this.finishStream(this.envelope.event(error, this.requestId, sequence))
  }

  private sendRecorded(contentType: string, body: Buffer | string): void {
    for (const recorder of this.recorders) recorder.whole(contentType, body)
    this.send(200, contentType, body)
  }

  private finishStream(last: string | Buffer): void {
    for (const recorder of this.recorders) recorder.endStream(this.streamType, last)
    // Its head has promised to keep the connection, before the gateway was to stop.
    const { socket } = this.response
    this.response.end(last, () => {
      if (this.isStopping()) socket?.end()
    })
  }
}
