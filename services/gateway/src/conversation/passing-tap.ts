import { estimateTokens, type Usage } from '../inference/usage.js'
import type { StreamTap } from './dialect.js'
import { refuseBroken, WholeEvents } from './sse.js'

/** What has passed is looked into in pieces of this length. */
const maxRetainedBytes = 64 * 1024

/**
 * A stream of server-sent events that goes on as it came: whole events alone, of which nearly all pass
 * without being decoded. They are kept for a while, since a provider that never says what was used
 * leaves that to be estimated from them.
 */
export abstract class PassingTap implements StreamTap {
  done = false
  failed = false
  abstract readonly usage: Usage | undefined
  abstract readonly ending: string
  private readonly whole = new WholeEvents()
  private retained: Buffer[] = []
  private retainedBytes = 0
  private generated = 0

  get isCut(): boolean {
    return !this.done && !this.failed
  }

  push(chunk: Buffer): Buffer | undefined {
    const events = this.whole.push(chunk)
    if (!events) return undefined
    this.retain(events)
    const text = events.toString('latin1')
    refuseBroken(events, text)
    return this.pass(events, text)
  }

  estimateOutputTokens(): number {
    this.fold()
    return estimateTokens(this.generated)
  }

  /**
   * What of whole events goes on; also of those that come after the end.
   * @param text the same, one byte a character
   */
  protected abstract pass(events: Buffer, text: string): Buffer | undefined

  /** Bytes that were generated in events that have passed. */
  protected abstract generatedBytes(events: Buffer): number

  private retain(events: Buffer): void {
    this.retained.push(events)
    this.retainedBytes += events.length
    if (this.retainedBytes > maxRetainedBytes) this.fold()
  }

  private fold(): void {
    if (this.retainedBytes === 0) return
    this.generated += this.generatedBytes(Buffer.concat(this.retained))
    this.retained = []
    this.retainedBytes = 0
  }
}
