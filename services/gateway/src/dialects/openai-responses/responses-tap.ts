import type { StreamTap } from '../../conversation/dialect.js'
import { asObject, parseObject } from '../../conversation/json.js'
import { eventsEnd, refuseBrokenEnd } from '../../conversation/sse.js'
import { estimateTokens, type Usage } from '../../inference/usage.js'
import { readResponseUsage } from './usage.js'

const lastMarks = ['response.completed', 'response.incomplete', 'response.failed', '"error"'].map((mark) =>
  Buffer.from(mark),
)
const deltas = /"delta": ?"((?:[^"\\]|\\.)*)"/g
const maxEventBytes = 8 * 1024 * 1024
const maxRetainedBytes = 64 * 1024

/**
 * A stream of the Responses API on its way to a caller of the same: it goes on byte for byte, and
 * only its last event, which has the usage, is parsed and held back with what may follow it.
 */
export class ResponsesTap implements StreamTap {
  usage: Usage | undefined
  done = false
  failed = false
  chunks = 0
  ending = ''
  private rest: Buffer | undefined
  private retained: Buffer[] = []
  private retainedBytes = 0
  private generatedBytes = 0

  get isCut(): boolean {
    return !this.done && !this.failed
  }

  push(chunk: Buffer): Buffer | undefined {
    this.chunks++
    const data = this.rest ? Buffer.concat([this.rest, chunk]) : chunk
    const end = eventsEnd(data)
    this.rest = end === data.length ? undefined : data.subarray(end)
    if (this.rest && this.rest.length > maxEventBytes) {
      throw new Error('An event of the stream is longer than 8 MiB.')
    }
    if (end === 0) return undefined
    const events = data.subarray(0, end)
    if (!this.isCut) {
      this.ending += events.toString()
      return undefined
    }
    this.retain(events)
    refuseBrokenEnd(events)
    return lastMarks.some((mark) => events.includes(mark)) ? this.readEvents(events) : events
  }

  estimateOutputTokens(): number {
    this.fold()
    return estimateTokens(this.generatedBytes)
  }

  /** Finds the last event among whole ones: what stands before it goes on, the rest is kept. */
  private readEvents(events: Buffer): Buffer | undefined {
    // One byte a character, so that places in the text are places in the bytes.
    const text = events.toString('latin1')
    let from = 0
    for (const match of text.matchAll(/\r?\n\r?\n/g)) {
      const to = match.index + match[0].length
      refuseBrokenEnd(events.subarray(from, to))
      if (this.readEvent(text.slice(from, to))) {
        this.ending = events.toString('utf8', from)
        return from === 0 ? undefined : events.subarray(0, from)
      }
      from = to
    }
    return events
  }

  /** Whether this event is the last. */
  private readEvent(event: string): boolean {
    if (!lastMarks.some((mark) => event.includes(mark.toString()))) return false
    const data = /^data: ?(.*)/m.exec(event)?.[1]
    const document = data === undefined ? undefined : parseObject(Buffer.from(data, 'latin1').toString())
    if (!document) return false
    const response = asObject(document['response'])
    const type = document['type'] ?? /^event: ?(\S+)/m.exec(event)?.[1]
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        this.done = true
        break
      case 'response.failed':
      case 'error':
        this.failed = true
        break
      default:
        // An error without a type, as gateways before the vendor send it.
        if (type !== undefined || !asObject(document['error'])) return false
        this.failed = true
    }
    this.usage = (response && readResponseUsage(response)) ?? this.usage
    return true
  }

  private retain(events: Buffer): void {
    this.retained.push(events)
    this.retainedBytes += events.length
    if (this.retainedBytes > maxRetainedBytes) this.fold()
  }

  private fold(): void {
    // One byte a character, and nothing parsed: it is an estimate.
    const text = Buffer.concat(this.retained).toString('latin1')
    this.retained = []
    this.retainedBytes = 0
    for (const [, delta = ''] of text.matchAll(deltas)) this.generatedBytes += delta.length
  }
}
