import { connect, type Socket } from 'node:net'
import { EventCounter } from '../http/event-counter.js'
import { MessageParser, type MessageHandler } from '../http/message-parser.js'

/** What a connection sends again and again, and what it takes for a good reply. */
export interface Exchange {
  host: string
  port: number
  request: Buffer
  streamEvents: number | undefined
}

/** Called when a request has been answered; `failure` says what was wrong with the reply. */
export type Answered = (connection: Connection, failure: string | undefined) => void

const readBufferBytes = 64 * 1024
const shownBytes = 300

/** A keep-alive connection with at most one request in flight. */
export class Connection implements MessageHandler {
  /** When the request in flight was sent or due, for whoever measures. */
  sinceMs = 0
  /** When the first byte of the last reply's body came. */
  firstByteAtMs = 0
  /** Data events of the last reply. */
  events = 0
  open = true
  private inFlight = false
  private status = 0
  private errorBody = ''
  private readonly counter = new EventCounter()
  private readonly parser = new MessageParser('reply', this)
  private readonly socket: Socket

  constructor(
    private readonly exchange: Exchange,
    private readonly answered: Answered,
  ) {
    const buffer = Buffer.allocUnsafe(readBufferBytes)
    this.socket = connect({
      host: exchange.host,
      port: exchange.port,
      noDelay: true,
      // Reads into one buffer without a stream between, which is most of what makes this cheap.
      onread: {
        buffer,
        callback: (bytes) => {
          this.read(buffer.subarray(0, bytes))
          return true
        },
      },
    })
    this.socket.on('error', (error) => this.fail(error.message))
    this.socket.on('end', () => {
      if (!this.parser.close()) this.fail('the connection was closed in the middle of a reply')
      this.close()
    })
    this.socket.on('close', () => this.fail('the connection was closed in the middle of a reply'))
  }

  send(): void {
    this.inFlight = true
    this.errorBody = ''
    this.firstByteAtMs = 0
    this.counter.reset()
    this.socket.write(this.exchange.request)
  }

  close(): void {
    this.open = false
    this.socket.destroy()
  }

  onHead(head: string): void {
    this.status = Number(head.slice(9, 12))
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (this.firstByteAtMs === 0) this.firstByteAtMs = performance.now()
    if (this.status !== 200)
      this.errorBody += bytes.toString('latin1', start, Math.min(end, start + shownBytes))
    else if (this.exchange.streamEvents !== undefined) this.counter.push(bytes, start, end)
  }

  onEnd(): void {
    if (!this.inFlight) {
      this.close()
      return
    }
    this.inFlight = false
    this.events = this.counter.events
    this.answered(this, this.judge())
  }

  private judge(): string | undefined {
    const { streamEvents } = this.exchange
    if (this.status !== 200) return `status ${this.status}: ${this.errorBody.slice(0, shownBytes)}`
    if (streamEvents === undefined) return undefined
    if (!this.counter.done) return `a stream of ${this.counter.events} events ended without [DONE]`
    if (this.counter.events === streamEvents) return undefined
    return `a stream had ${this.counter.events} events instead of ${streamEvents}`
  }

  private read(bytes: Buffer): void {
    try {
      this.parser.push(bytes)
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error))
    }
  }

  private fail(reason: string): void {
    this.open = false
    this.socket.destroy()
    if (!this.inFlight) return
    this.inFlight = false
    this.events = 0
    this.answered(this, reason)
  }
}
