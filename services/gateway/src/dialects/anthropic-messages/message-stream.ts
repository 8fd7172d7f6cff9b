import type { Document, StreamTap } from '../../conversation/dialect.js'
import { asObject, parseEventData } from '../../conversation/json.js'
import { eventsEnd, refuseBrokenEnd } from '../../conversation/sse.js'
import { untoldOutput } from '../../conversation/translated-stream.js'
import { estimateTokens, type Usage } from '../../inference/usage.js'
import { generatedBytes } from './generated.js'
import { mergeUsage, readUsage } from './usage.js'

/** Types of events that are read; within a text the quotes would be escaped. */
const marks = ['"message_start"', '"message_delta"', '"message_stop"', '"error"'].map((mark) =>
  Buffer.from(mark),
)
const maxEventBytes = 8 * 1024 * 1024
const maxRetainedBytes = 64 * 1024

/**
 * Reads a stream of the Messages API as it passes: finds its usage, its end and its errors. Chunks of
 * whole events that have none of these are not decoded, and all goes on byte for byte.
 *
 * `message_stop` is held back, until the attempt is settled.
 */
export class MessageStream implements StreamTap {
  done = false
  failed = false
  chunks = 0
  ending = ''
  private told: Document = {}
  private started: Usage | undefined
  private reported: Usage | undefined
  private rest: Buffer | undefined
  private retained: Buffer[] = []
  private retainedBytes = 0
  private generated = 0

  get isCut(): boolean {
    return !this.done && !this.failed
  }

  get usage(): Usage | undefined {
    return this.reported ?? (this.started && untoldOutput(this.started, this.estimateOutputTokens()))
  }

  push(chunk: Buffer): Buffer | undefined {
    this.chunks++
    const data = this.rest ? Buffer.concat([this.rest, chunk]) : chunk
    const end = eventsEnd(data)
    this.rest = end === data.length ? undefined : data.subarray(end)
    if (this.rest && this.rest.length > maxEventBytes)
      throw new Error('An event of the stream is longer than 8 MiB.')
    // What comes after its end is not part of an answer.
    if (end === 0 || this.done) return undefined
    const events = data.subarray(0, end)
    this.retain(events)
    refuseBrokenEnd(events)
    return marks.some((mark) => events.includes(mark)) ? this.readEvents(events) : events
  }

  estimateOutputTokens(): number {
    this.fold()
    return estimateTokens(this.generated)
  }

  private readEvents(events: Buffer): Buffer | undefined {
    // One byte a character: all goes on exactly as it came.
    let kept = ''
    for (const event of events.toString('latin1').split(/(?<=\r?\n\r?\n)/)) {
      if (!this.done) kept += this.readEvent(event)
    }
    return kept === '' ? undefined : Buffer.from(kept, 'latin1')
  }

  private readEvent(event: string): string {
    refuseBrokenEnd(Buffer.from(event, 'latin1'))
    const document = dataOf(event)
    switch (document?.['type']) {
      case 'message_start':
        this.started = this.readUsage(asObject(document['message'])?.['usage'])
        return event
      case 'message_delta':
        this.reported = this.readUsage(document['usage']) ?? this.reported
        return event
      case 'error':
        this.failed = true
        return event
      case 'message_stop':
        this.done = true
        this.ending = Buffer.from(event, 'latin1').toString()
        return ''
      default:
        return event
    }
  }

  private readUsage(value: unknown): Usage | undefined {
    this.told = mergeUsage(this.told, asObject(value) ?? {})
    return readUsage(this.told)
  }

  private retain(events: Buffer): void {
    this.retained.push(events)
    this.retainedBytes += events.length
    if (this.retainedBytes > maxRetainedBytes) this.fold()
  }

  /** Parsed only when nobody reports, or when there is much of it. */
  private fold(): void {
    const text = Buffer.concat(this.retained).toString()
    this.retained = []
    this.retainedBytes = 0
    for (const [, json] of text.matchAll(/^data: ?(\{.*)$/gm)) {
      const event = parseEventData(json ?? '')
      if (event?.['type'] === 'content_block_delta') this.generated += generatedBytes(event['delta'])
    }
  }
}

function dataOf(event: string): Document | undefined {
  const data = /^data: ?(.*)/m.exec(event)?.[1]
  return data === undefined ? undefined : parseEventData(Buffer.from(data, 'latin1').toString())
}
