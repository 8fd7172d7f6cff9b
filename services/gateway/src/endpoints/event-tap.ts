import type { Document, StreamTap } from '../conversation/dialect.js'
import { parseObject } from '../conversation/json.js'
import { WholeEvents } from '../conversation/sse.js'
import type { Usage } from '../inference/usage.js'

const maxEventBytes = 32 * 1024 * 1024

/** Server-sent events on their way to the caller, byte for byte; the last one is held back. */
export class EventTap implements StreamTap {
  done = false
  failed = false
  private eventCount = 0
  private reported: Usage | undefined
  private readonly whole = new WholeEvents(maxEventBytes)
  private held = ''

  /**
   * @param lastEvent what the `type` of the last event looks like
   * @param readUsage what an event says was used
   */
  constructor(
    private readonly lastEvent: RegExp,
    private readonly readUsage: (event: Document) => Usage | undefined,
    /** What it is worth until an event says. */
    private readonly expected: Usage,
  ) {}

  get usage(): Usage {
    return this.reported ?? this.expected
  }

  get isCut(): boolean {
    return !this.done && !this.failed
  }

  get ending(): string {
    return this.held
  }

  push(chunk: Buffer): Buffer | undefined {
    const events = this.whole.push(chunk)
    if (!events) return undefined
    // What is between two empty lines is never cut, so neither is a character.
    const blocks = (this.held + events.toString()).split(/(?<=\r?\n\r?\n)/)
    this.held = ''
    const shown: string[] = []
    for (const block of blocks) {
      this.eventCount++
      if (this.isLast(block)) this.held += block
      else shown.push(block)
    }
    return shown.length === 0 ? undefined : Buffer.from(shown.join(''))
  }

  estimateOutputTokens(): number {
    return this.eventCount
  }

  /** Images are megabytes of base64: what cannot be the end, and has no usage, is not parsed. */
  private isLast(block: string): boolean {
    const data = /^data: ?(.*)$/m.exec(block)?.[1] ?? ''
    if (data === '[DONE]') return (this.done = true)
    const hasUsage = block.includes('"usage"')
    const hasError = /"error"/.test(block.slice(0, 1_000))
    const named = /^event: ?(.*?)\r?$/m.exec(block)?.[1] ?? ''
    if (!hasUsage && !hasError && !this.lastEvent.test(named) && !this.lastEvent.test(data.slice(0, 200))) {
      return false
    }
    const event = parseObject(data)
    if (!event) return false
    const usage = this.readUsage(event)
    if (usage) this.reported = usage
    const type = typeof event['type'] === 'string' ? event['type'] : named
    if (type === 'error' || (event['error'] !== undefined && event['error'] !== null)) {
      return (this.failed = true)
    }
    if (this.lastEvent.test(type)) this.done = true
    return this.done
  }
}
