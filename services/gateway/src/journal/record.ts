import type { Message } from '@weir/contracts'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { AttemptProgress, AttemptStart } from './attempt.js'
import { listSegments } from './segment.js'

/**
 * A line of the log: its kind, the attempt's number, and JSON, with tabs between them, which JSON has
 * none of. `start` is written before the upstream is called, `progress` now and then during a stream,
 * `event` once, when the attempt has ended.
 */
export type RecordKind = 'start' | 'progress' | 'event'

const letters: Record<RecordKind, string> = { start: 'S', progress: 'P', event: 'E' }
const kinds = new Map(Object.entries(letters).map(([kind, letter]) => [letter, kind as RecordKind]))

const tab = 0x09
const lineFeed = 0x0a
const chunkBytes = 256 * 1024

export const startLine = (seq: number, start: AttemptStart): string =>
  `${letters.start}\t${seq}\t${JSON.stringify(start)}\n`

export const progressLine = (seq: number, progress: AttemptProgress): string =>
  `${letters.progress}\t${seq}\t${JSON.stringify(progress)}\n`

/** The event is complete: whoever publishes it only carries it. */
export const eventLine = (seq: number, { key, headers, value }: Message): string =>
  `${letters.event}\t${seq}\t${JSON.stringify(key)}\t${JSON.stringify(headers)}\t${value}\n`

/** A line as it was found; `kind` is undefined when nobody can tell what it is. */
export interface LogRecord {
  kind: RecordKind | undefined
  seq: number
  /** What follows the number. */
  body: Buffer
  /** The whole line without its end. */
  line: Buffer
  /** The position in the log after it. */
  end: number
}

/** The message of an event record. @throws SyntaxError when it is not what `eventLine` has written */
export function toMessage({ body }: LogRecord): Message {
  const keyEnd = body.indexOf(tab)
  const headersEnd = body.indexOf(tab, keyEnd + 1)
  if (keyEnd < 0 || headersEnd < 0) throw new SyntaxError('The event has not all of its parts.')
  const value = body.toString('utf8', headersEnd + 1)
  if (!value.endsWith('}')) throw new SyntaxError('The event’s value is not whole.')
  return {
    key: JSON.parse(body.toString('utf8', 0, keyEnd)) as string,
    headers: JSON.parse(body.toString('utf8', keyEnd + 1, headersEnd)) as Record<string, string>,
    value,
  }
}

/**
 * The log's records between two positions, each of them the end of a record or of a segment. What a
 * process has left unfinished at the end of a segment, when it was killed, is passed by: nobody was
 * told that it was written.
 */
export function* readRecords(folder: string, from: number, until: number): Generator<LogRecord> {
  const segments = listSegments(folder)
  for (const [index, { start, path }] of segments.entries()) {
    const end = Math.min(segments[index + 1]?.start ?? until, until)
    if (end <= from || start >= until) continue
    const file = openSync(path, 'r')
    try {
      yield* readSegment(file, start, Math.max(from, start), end)
    } finally {
      closeSync(file)
    }
  }
}

function* readSegment(file: number, start: number, from: number, until: number): Generator<LogRecord> {
  const end = Math.min(until, start + fstatSync(file).size)
  let rest: Buffer = Buffer.alloc(0)
  for (let position = from; position < end;) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end - position))
    const bytes = readSync(file, chunk, 0, chunk.length, position - start)
    if (bytes === 0) return
    const text =
      rest.length === 0 ? chunk.subarray(0, bytes) : Buffer.concat([rest, chunk.subarray(0, bytes)])
    const textStart = position - rest.length
    position += bytes
    let at = 0
    for (let next = text.indexOf(lineFeed); next >= 0; next = text.indexOf(lineFeed, at)) {
      const line = text.subarray(at, next)
      at = next + 1
      yield { ...parseLine(line), line, end: textStart + at }
    }
    rest = text.subarray(at)
  }
}

function parseLine(line: Buffer): Pick<LogRecord, 'kind' | 'seq' | 'body'> {
  const kind = line[1] === tab ? kinds.get(String.fromCharCode(line[0] ?? 0)) : undefined
  const numberEnd = line.indexOf(tab, 2)
  const seq = numberEnd < 0 ? NaN : Number(line.toString('latin1', 2, numberEnd))
  return Number.isSafeInteger(seq)
    ? { kind, seq, body: line.subarray(numberEnd + 1) }
    : { kind: undefined, seq: 0, body: line }
}
