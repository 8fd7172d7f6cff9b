import type { RecordedReply, ReplyOrigin } from './recorded-reply.js'

/** Who is told what became of a reply: the record, or undefined for one that must not be given again. */
type Recorded = (reply: RecordedReply | undefined) => void

/**
 * Notes a reply while it goes out to its caller. Only one that is whole, of an attempt that
 * succeeded, becomes a record; whatever else happens, its listener hears of it once.
 */
export class ReplyRecorder {
  private chunks: Buffer[] = []
  private bytes = 0
  private origin: ReplyOrigin | undefined
  private isOver = false

  constructor(
    private readonly maxBytes: number,
    private readonly onRecorded: Recorded,
  ) {}

  /** The attempt whose answer this is has succeeded. */
  noteSuccess(origin: ReplyOrigin): void {
    this.origin = origin
  }

  /** A piece of a stream. */
  push(chunk: Buffer): void {
    if (this.isOver) return
    this.bytes += chunk.length
    if (this.bytes > this.maxBytes) return this.drop()
    this.chunks.push(chunk)
  }

  /** The stream is whole, with these last words. */
  endStream(contentType: string, last: string | Buffer): void {
    this.push(Buffer.from(last))
    this.finish(contentType, true)
  }

  /** A reply that is not a stream. */
  whole(contentType: string, body: Buffer | string): void {
    this.push(typeof body === 'string' ? Buffer.from(body) : body)
    this.finish(contentType, false)
  }

  /** The reply is not one to give again: an error, a stream that was cut, a caller that left. */
  drop(): void {
    this.tell(undefined)
  }

  private finish(contentType: string, isStream: boolean): void {
    const { origin, chunks } = this
    if (this.isOver || !origin) return this.drop()
    this.tell({ contentType, isStream, body: Buffer.concat(chunks), recordedAtMs: Date.now(), origin })
  }

  private tell(reply: RecordedReply | undefined): void {
    if (this.isOver) return
    this.isOver = true
    this.chunks = []
    this.onRecorded(reply)
  }
}
