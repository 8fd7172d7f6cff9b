import { asObject, parseEventData } from '../../conversation/json.js'
import { PassingTap } from '../../conversation/passing-tap.js'
import type { Usage } from '../../inference/usage.js'
import { readResponseUsage } from './usage.js'

const lastMarks = ['response.completed', 'response.incomplete', 'response.failed', '"error"'].map((mark) =>
  Buffer.from(mark),
)
const deltas = /"delta": ?"((?:[^"\\]|\\.)*)"/g

/**
 * A stream of the Responses API on its way to a caller of the same: it goes on byte for byte, and
 * only its last event, which has the usage, is parsed and held back with what may follow it.
 */
export class ResponsesTap extends PassingTap {
  usage: Usage | undefined
  ending = ''
  private passed: Buffer | undefined

  /** Looked for only when a stream fails. */
  get nextSequence(): number {
    const last = [...(this.passed?.toString('latin1') ?? '').matchAll(/"sequence_number": ?(\d+)/g)].at(
      -1,
    )?.[1]
    return last === undefined ? 0 : Number(last) + 1
  }

  protected pass(events: Buffer): Buffer | undefined {
    // An error is told twice, as an event of its own and as a response that failed; some vendors add `[DONE]`.
    if (!this.isCut) {
      this.ending += events.toString()
      return undefined
    }
    this.passed = events
    return lastMarks.some((mark) => events.includes(mark)) ? this.readEvents(events) : events
  }

  /** One byte a character, and nothing parsed: it is an estimate. */
  protected generatedBytes(events: Buffer): number {
    let bytes = 0
    for (const [, delta = ''] of events.toString('latin1').matchAll(deltas)) bytes += delta.length
    return bytes
  }

  /** Finds the last event among whole ones: what stands before it goes on, the rest is kept. */
  private readEvents(events: Buffer): Buffer | undefined {
    // One byte a character, so that places in the text are places in the bytes.
    const text = events.toString('latin1')
    let from = 0
    for (const match of text.matchAll(/\r?\n\r?\n/g)) {
      const to = match.index + match[0].length
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
    const document = data === undefined ? undefined : parseEventData(Buffer.from(data, 'latin1').toString())
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
}
