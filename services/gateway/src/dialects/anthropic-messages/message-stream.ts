import type { Document } from '../../conversation/dialect.js'
import { asObject, parseEventData } from '../../conversation/json.js'
import { PassingTap } from '../../conversation/passing-tap.js'
import { untoldOutput } from '../../conversation/translated-stream.js'
import type { Usage } from '../../inference/usage.js'
import { generatedBytes } from './generated.js'
import { mergeUsage, readUsage } from './usage.js'

/** Types of events that are read; within a text the quotes would be escaped. */
const marks = ['"message_start"', '"message_delta"', '"message_stop"', '"error"'].map((mark) =>
  Buffer.from(mark),
)

/**
 * Reads a stream of the Messages API as it passes: finds its usage, its end and its errors. Chunks of
 * whole events that have none of these are not decoded, and all goes on byte for byte.
 *
 * `message_stop` is held back, until the attempt is settled.
 */
export class MessageStream extends PassingTap {
  ending = ''
  private told: Document = {}
  private started: Usage | undefined
  private reported: Usage | undefined

  get usage(): Usage | undefined {
    return this.reported ?? (this.started && untoldOutput(this.started, this.estimateOutputTokens()))
  }

  protected pass(events: Buffer): Buffer | undefined {
    // What comes after its end is not part of an answer.
    if (this.done) return undefined
    return marks.some((mark) => events.includes(mark)) ? this.readEvents(events) : events
  }

  protected generatedBytes(events: Buffer): number {
    let bytes = 0
    for (const [, json = ''] of events.toString().matchAll(/^data: ?(\{.*)$/gm)) {
      const event = parseEventData(json)
      if (event?.['type'] === 'content_block_delta') bytes += generatedBytes(event['delta'])
    }
    return bytes
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
}

function dataOf(event: string): Document | undefined {
  const data = /^data: ?(.*)/m.exec(event)?.[1]
  return data === undefined ? undefined : parseEventData(Buffer.from(data, 'latin1').toString())
}
