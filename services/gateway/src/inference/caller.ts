import { AppError } from '@weir/errors'
import type { ServerResponse } from 'node:http'

/** The reply to one caller: written once, in the envelope of the API that was called. */
export class Caller {
  /** The status that was sent; 0: none yet. */
  status = 0
  /** The code of the error that was sent; empty: none. */
  errorCode = ''

  constructor(
    private readonly response: ServerResponse,
    readonly requestId: string,
  ) {}

  /** Whether the caller has hung up. */
  get isGone(): boolean {
    return this.response.destroyed
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

  /** The rest of the request is not read: the connection ends with the reply. */
  closeAfterReply(): void {
    this.response.shouldKeepAlive = false
  }

  /** A whole reply. */
  send(status: number, contentType: string, body: Buffer | string, headers: Record<string, string> = {}): void {
    if (this.isGone) return
    this.status = status
    this.response.writeHead(status, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      'x-request-id': this.requestId,
      ...headers,
    })
    this.response.end(body)
  }

  sendError(error: AppError): void {
    this.errorCode = error.code
    this.send(error.status, 'application/json', JSON.stringify(error.toEnvelope()), error.toHeaders())
  }

  /** The head of a stream; goes out with its first chunk. */
  startStream(): void {
    this.status = 200
    this.response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
      'x-request-id': this.requestId,
    })
  }

  /** Returns false when the caller reads too slowly: write no more until `onDrain`. */
  write(chunk: Buffer): boolean {
    return this.response.write(chunk)
  }

  onDrain(listener: () => void): void {
    this.response.once('drain', listener)
  }

  endStream(last: string): void {
    this.response.end(last)
  }

  /** Ends a stream that has begun with an error event, never with a clean end. */
  endStreamWithError(error: AppError): void {
    this.errorCode = error.code
    this.response.end(`data: ${JSON.stringify(error.toEnvelope())}\n\n`)
  }
}
