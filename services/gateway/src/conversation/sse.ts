const maxEventBytes = 8 * 1024 * 1024

/** One server-sent event. */
export interface ServerSentEvent {
  /** The `event:` line; empty: none. */
  event: string
  /** The `data:` lines, joined by line feeds. */
  data: string
}

/**
 * The whole events among bytes that may be cut anywhere. What waits for its end is written once more only
 * when its place doubles, and looked through once: an event that drips in costs no more than its length.
 */
export class WholeEvents {
  private held: Buffer = Buffer.alloc(0)
  /** How much of `held` is taken. */
  private length = 0

  /** @param maxBytes of one event; 8 MiB where nothing is said */
  constructor(private readonly maxBytes = maxEventBytes) {}

  /** The events that have become whole; undefined: none. Throws when the one after them is longer than the limit. */
  push(chunk: Buffer): Buffer | undefined {
    const known = this.length
    const data = known === 0 ? chunk : this.join(chunk)
    // The end of an event is four bytes at most, and three of them may have come before.
    const from = Math.max(0, known - 3)
    const found = eventsEnd(from === 0 ? data : data.subarray(from))
    const end = found === 0 ? 0 : from + found
    if (data.length - end > this.maxBytes) {
      throw new Error(`an event of its stream is longer than ${this.maxBytes / 1024 / 1024} MiB.`)
    }
    if (end > 0 || known === 0) {
      this.held = data.subarray(end)
      this.length = this.held.length
    }
    if (end === 0) return undefined
    return end === data.length ? data : data.subarray(0, end)
  }

  private join(chunk: Buffer): Buffer {
    const length = this.length + chunk.length
    if (length > this.held.length) {
      const wider = Buffer.allocUnsafe(Math.max(length, 2 * this.held.length))
      this.held.copy(wider, 0, 0, this.length)
      this.held = wider
    }
    chunk.copy(this.held, this.length)
    this.length = length
    return this.held.subarray(0, length)
  }
}

/**
 * Reads server-sent events from bytes that may be cut anywhere, a character's middle included.
 * A comment is skipped; an event that is never ended by an empty line is never told.
 */
export class SseReader {
  private readonly whole = new WholeEvents()

  /** The events that have become whole. Throws when one is longer than 8 MiB. */
  push(chunk: Buffer): ServerSentEvent[] {
    const events: ServerSentEvent[] = []
    const whole = this.whole.push(chunk)
    if (!whole) return events
    for (const block of whole.toString().split(/\r?\n\r?\n/)) {
      const event = parseEvent(block)
      if (event) events.push(event)
    }
    return events
  }
}

/** Where the last whole event ends; 0 when there is none. */
export function eventsEnd(data: Buffer): number {
  const { length } = data
  // Nearly always a chunk ends with an event.
  if (length >= 2 && data[length - 1] === 10 && (data[length - 2] === 10 || isCrLfEnd(data))) return length
  const lf = data.lastIndexOf('\n\n')
  const crLf = data.lastIndexOf('\r\n\r\n')
  return Math.max(lf < 0 ? 0 : lf + 2, crLf < 0 ? 0 : crLf + 4)
}

const isCrLfEnd = (data: Buffer): boolean => data.length >= 4 && data.subarray(-4).equals(crLfCrLf)
const crLfCrLf = Buffer.from('\r\n\r\n')

const closeBrace = 125

/**
 * Throws for whole events of which one begins an object of JSON and does not end it. That costs a look at
 * some bytes of each: streams that pass are not parsed.
 * @param text the same, one byte a character
 */
export function refuseBroken(events: Buffer, text = events.toString('latin1')): void {
  const separator = text.includes('\r') ? /\r?\n\r?\n/g : /\n\n/g
  for (let found = separator.exec(text); found; found = separator.exec(text)) {
    if (text.charCodeAt(found.index - 1) !== closeBrace) refuseBrokenEnd(text, found.index)
  }
}

function refuseBrokenEnd(text: string, end: number): void {
  const line = text.lastIndexOf('\n', end - 1) + 1
  const data = /^data: ?(\{.*)/.exec(text.slice(line, end))?.[1]
  if (data !== undefined && !data.trimEnd().endsWith('}'))
    throw new Error('an event of its stream is not JSON.')
}

/** An event as it is written. */
export function sseEvent(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`
}

function parseEvent(block: string): ServerSentEvent | undefined {
  let event = ''
  let data: string | undefined
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith('data:')) {
      const value = line.slice(line[5] === ' ' ? 6 : 5)
      data = data === undefined ? value : `${data}\n${value}`
    } else if (line.startsWith('event:')) {
      event = line.slice(6).trim()
    }
  }
  return data === undefined ? undefined : { event, data }
}
