import { type RecordedReply, sizeOf } from './recorded-reply.js'

interface Entry {
  reply: RecordedReply
  untilMs: number
  bytes: number
}

/** Answers in memory, up to a number of bytes: what was not asked for longest goes first. */
export class MemoryCache {
  // A map keeps the order in which entries were put: the first is the one to go.
  private readonly entries = new Map<string, Entry>()
  private usedBytes = 0

  constructor(readonly maxBytes: number) {}

  get bytes(): number {
    return this.usedBytes
  }

  get(key: string, nowMs: number): RecordedReply | undefined {
    const entry = this.entries.get(key)
    if (!entry) return undefined
    this.entries.delete(key)
    if (entry.untilMs <= nowMs) {
      this.usedBytes -= entry.bytes
      return undefined
    }
    this.entries.set(key, entry)
    return entry.reply
  }

  /** One that would take more than an eighth of all is not kept. */
  set(key: string, reply: RecordedReply, untilMs: number): void {
    const bytes = sizeOf(reply)
    this.remove(key)
    if (bytes > this.maxBytes / 8) return
    this.entries.set(key, { reply, untilMs, bytes })
    this.usedBytes += bytes
    for (const eldest of this.entries.keys()) {
      if (this.usedBytes <= this.maxBytes) break
      this.remove(eldest)
    }
  }

  private remove(key: string): void {
    const entry = this.entries.get(key)
    if (!entry) return
    this.entries.delete(key)
    this.usedBytes -= entry.bytes
  }
}
