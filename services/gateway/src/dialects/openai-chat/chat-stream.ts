import { parseEventData } from '../../conversation/json.js'
import { PassingTap } from '../../conversation/passing-tap.js'
import { eventsEnd } from '../../conversation/sse.js'
import type { Usage } from '../../inference/usage.js'
import { generatedBytesOf } from './chat-completions.js'
import { readDocumentUsage } from './usage.js'

const usageMark = Buffer.from('"usage"')
/** One expression over a string takes a third of the time of a search for each of them in the bytes. */
const worthReading = /"error"|\[DONE\]|"usage"(?!: ?null)/
const nullUsage = /, ?"usage": ?null|"usage": ?null, ?/

/**
 * Reads a chat completion stream as it passes: finds its usage, its end and its errors, and hides
 * the usage that only Weir asked for. A chunk of whole events that has none of these goes on as it
 * came, without being decoded.
 *
 * `data: [DONE]` is held back: the caller writes it once the attempt is settled.
 */
export class ChatStream extends PassingTap {
  /** What the provider reported. */
  usage: Usage | undefined

  constructor(private readonly hidesUsage: boolean) {
    super()
  }

  get ending(): string {
    return this.done ? 'data: [DONE]\n\n' : ''
  }

  protected pass(events: Buffer, text: string): Buffer | undefined {
    const found = worthReading.exec(text)
    if (!found) return this.passPlain(events)
    // Most of what comes at once is before its end, and there is nothing to read in it.
    const from = eventsEnd(events.subarray(0, found.index))
    const read = this.readEvents(from === 0 ? text : text.slice(from))
    if (from === 0) return read
    const plain = this.passPlain(events.subarray(0, from))
    return plain && read ? Buffer.concat([plain, read]) : (plain ?? read)
  }

  protected generatedBytes(events: Buffer): number {
    const chunks = [...events.toString().matchAll(/^data: ?(\{.*)$/gm)].map(([, json = '']) =>
      parseEventData(json),
    )
    return generatedBytesOf(chunks.filter((chunk) => chunk !== undefined))
  }

  /** Events in which there is no usage, no error and no end. */
  private passPlain(events: Buffer): Buffer | undefined {
    return this.hidesUsage ? (withoutNullUsage(events) ?? this.readEvents(events.toString('latin1'))) : events
  }

  /** @param text one byte a character: what is not understood goes on exactly as it came */
  private readEvents(text: string): Buffer | undefined {
    const kept = text
      .split(/(?<=\r?\n\r?\n)/)
      .map((event) => this.readEvent(event))
      .join('')
    return kept === '' ? undefined : Buffer.from(kept, 'latin1')
  }

  private readEvent(event: string): string {
    const data = /^data: ?(.*)/m.exec(event)?.[1]?.trimEnd()
    if (data === undefined) return event
    if (data === '[DONE]') {
      this.done = true
      return ''
    }
    const hasUsage = data.includes('"usage"')
    // Nearly every chunk of a stream is this one: there is nothing to read in it, and nothing to parse.
    const hasError = data.includes('"error"')
    if (
      !hasError &&
      hasUsage &&
      nullUsage.test(data) &&
      data.indexOf('"usage"') === data.lastIndexOf('"usage"')
    ) {
      return this.hidesUsage ? event.replace(nullUsage, '') : event
    }
    if (!hasUsage && !hasError) return event
    const chunk = parseEventData(Buffer.from(data, 'latin1').toString())
    if (!chunk) return event
    if (chunk['error'] !== undefined && chunk['error'] !== null) this.failed = true
    const usage = readDocumentUsage(chunk)
    if (usage) this.usage = usage
    if (!this.hidesUsage || chunk['usage'] === undefined) return event
    const isUsageAlone =
      chunk['usage'] !== null && Array.isArray(chunk['choices']) && chunk['choices'].length === 0
    if (isUsageAlone) return ''
    const { usage: _hidden, ...shown } = chunk
    return Buffer.from(`data: ${JSON.stringify(shown)}\n\n`).toString('latin1')
  }
}

/**
 * Nearly every chunk of a stream has `"usage":null` and no more to read: the events without it. Undefined
 * when it is not plain what to take out. Within a string of JSON the word's quotes are escaped, so it is not
 * found there.
 */
function withoutNullUsage(events: Buffer): Buffer | undefined {
  let at = events.indexOf(usageMark)
  if (at < 0) return events
  const kept: Buffer[] = []
  let from = 0
  while (at >= 0) {
    const end = nullUsageEnd(events, at + usageMark.length)
    const next = end === undefined ? -1 : events.indexOf(usageMark, end)
    // Two in one event: one of them is no usage of the chunk.
    if (end === undefined || (next >= 0 && !hasEventEnd(events, end, next))) return undefined
    const start = events[at - 1] === space ? at - 2 : at - 1
    if (events[start] !== comma) return undefined
    kept.push(events.subarray(from, start))
    from = end
    at = next
  }
  kept.push(events.subarray(from))
  return Buffer.concat(kept)
}

const [space, comma, colon] = [0x20, 0x2c, 0x3a]
const nullWord = Buffer.from('null')

/** Where `: null` ends that begins at a place; undefined when there is another. */
function nullUsageEnd(events: Buffer, from: number): number | undefined {
  if (events[from] !== colon) return undefined
  const at = events[from + 1] === space ? from + 2 : from + 1
  const end = at + nullWord.length
  return events.compare(nullWord, 0, nullWord.length, at, Math.min(end, events.length)) === 0
    ? end
    : undefined
}

const hasEventEnd = (events: Buffer, from: number, to: number): boolean => {
  const end = events.indexOf(10, from)
  return end >= 0 && end < to
}
