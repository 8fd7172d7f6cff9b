/** What a parser tells of the messages it reads. A body is handed over in place: `bytes[start..end)` is only valid during the call. */
export interface MessageHandler {
  /** The start line and the headers, as latin1. */
  onHead(head: string): void
  onBody(bytes: Buffer, start: number, end: number): void
  onEnd(): void
}

/** Thrown by `push` when the peer does not speak HTTP/1.1 as expected; the connection cannot be used any more. */
export class FramingError extends Error {}

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'until-close'

const lengthPattern = /\r\ncontent-length:[ \t]*(\d+)/i
const chunkedPattern = /\r\ntransfer-encoding:[^\r]*chunked/i
const maxLineBytes = 64 * 1024

/**
 * Just enough HTTP/1.1 to frame messages on a keep-alive connection. The load generator and the mock upstream share a
 * core, so both must cost less than what they measure; `node:http` does not.
 */
export class MessageParser {
  private state: State = 'head'
  private carry: Buffer | undefined
  private remaining = 0

  constructor(
    private readonly kind: 'request' | 'reply',
    private readonly handler: MessageHandler,
  ) {}

  /** @throws FramingError */
  push(input: Buffer): void {
    const bytes = this.carry === undefined ? input : Buffer.concat([this.carry, input])
    this.carry = undefined
    let at = 0
    while (at < bytes.length) {
      const next = this.step(bytes, at)
      if (next < 0) {
        if (bytes.length - at > maxLineBytes)
          throw new FramingError(`no end of line in ${maxLineBytes} bytes`)
        // A copy, since the caller reads into the same buffer again.
        this.carry = Buffer.from(bytes.subarray(at))
        return
      }
      at = next
    }
  }

  /** The peer closed the connection. True when that is the proper end of the body being read. */
  close(): boolean {
    if (this.state !== 'until-close') return false
    this.end()
    return true
  }

  /** Reads one element; answers where the next one starts, or -1 when more bytes are needed. */
  private step(bytes: Buffer, at: number): number {
    switch (this.state) {
      case 'head':
        return this.readHead(bytes, at)
      case 'length':
      case 'chunk-data':
        return this.readData(bytes, at)
      case 'chunk-size':
        return this.readChunkSize(bytes, at)
      case 'chunk-end':
      case 'trailer':
        return this.readLine(bytes, at)
      case 'until-close':
        this.handler.onBody(bytes, at, bytes.length)
        return bytes.length
    }
  }

  private readHead(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\r\n\r\n', at, 'latin1')
    if (end < 0) return -1
    const head = bytes.toString('latin1', at, end)
    if (this.kind === 'reply' && !head.startsWith('HTTP/1.1 ')) {
      throw new FramingError(`expected an HTTP/1.1 reply, got ${JSON.stringify(head.slice(0, 40))}`)
    }
    // An interim reply (100 Continue) is followed by the real one.
    if (this.kind === 'reply' && head.charCodeAt(9) === 0x31) return end + 4
    this.handler.onHead(head)
    const length = lengthPattern.exec(head)
    if (length?.[1] !== undefined) {
      this.remaining = Number(length[1])
      if (this.remaining === 0) this.end()
      else this.state = 'length'
    } else if (chunkedPattern.test(head)) this.state = 'chunk-size'
    else if (this.kind === 'request' || head.startsWith('204', 9) || head.startsWith('304', 9)) this.end()
    else this.state = 'until-close'
    return end + 4
  }

  private readData(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.remaining)
    this.remaining -= end - at
    this.handler.onBody(bytes, at, end)
    if (this.remaining === 0) {
      if (this.state === 'length') this.end()
      else this.state = 'chunk-end'
    }
    return end
  }

  private readChunkSize(bytes: Buffer, at: number): number {
    let size = 0
    for (let i = at; i < bytes.length; i++) {
      const digit = hexDigit(bytes[i] ?? 0)
      if (digit >= 0) {
        size = size * 16 + digit
        continue
      }
      if (i === at) throw new FramingError(`bad chunk size at byte ${bytes[i]}`)
      const end = bytes.indexOf(0x0a, i)
      if (end < 0) return -1
      this.remaining = size
      this.state = size === 0 ? 'trailer' : 'chunk-data'
      return end + 1
    }
    return -1
  }

  private readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0) return -1
    if (this.state === 'chunk-end') this.state = 'chunk-size'
    else if (end - at <= 1) this.end()
    return end + 1
  }

  private end(): void {
    this.state = 'head'
    this.handler.onEnd()
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
