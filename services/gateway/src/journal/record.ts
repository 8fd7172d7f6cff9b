import type { OutgoingMessage } from '@weir/bus'
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
const closingBrace = 0x7d

/** Room for the records of some hundred attempts. */
export const stretchBytes = 1024 * 1024

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

/**
 * The message of an event record; its value lies where the record does.
 * @throws SyntaxError when it is not what `eventLine` has written
 */
export function toMessage({ body }: LogRecord): OutgoingMessage {
  const keyEnd = body.indexOf(tab)
  const headersEnd = body.indexOf(tab, keyEnd + 1)
  if (keyEnd < 0 || headersEnd < 0) throw new SyntaxError('The event has not all of its parts.')
  if (body.at(-1) !== closingBrace) throw new SyntaxError('The event’s value is not whole.')
  return {
    key: JSON.parse(body.toString('utf8', 0, keyEnd)) as string,
    headers: JSON.parse(body.toString('utf8', keyEnd + 1, headersEnd)) as Record<string, string>,
    value: body.subarray(headersEnd + 1),
  }
}

/** Records of the log, one after the other. */
export interface Stretch {
  records: LogRecord[]
  /** The position in the log after them. */
  end: number
}

/**
 * As many of the log's records as `space` has room for, which they lie in, between two positions, each of
 * them the end of a record or of a segment. What a process has left unfinished at the end of a segment,
 * when it was killed, is passed by: nobody was told that it was written.
 */
export function readStretch(folder: string, from: number, until: number, space: Buffer): Stretch {
  const segments = listSegments(folder)
  for (const [index, { start, path }] of segments.entries()) {
    const end = Math.min(segments[index + 1]?.start ?? until, until)
    if (end <= from || start >= until) continue
    const file = openSync(path, 'r')
    try {
      return readSegment(file, { start, from: Math.max(from, start), end }, space)
    } finally {
      closeSync(file)
    }
  }
  return { records: [], end: until }
}

/** All of the log's records between two positions. */
export function* readRecords(folder: string, from: number, until: number): Generator<LogRecord> {
  for (let position = from; position < until;) {
    const { records, end } = readStretch(folder, position, until, Buffer.allocUnsafe(stretchBytes))
    yield* records
    position = end
  }
}

function readSegment(
  file: number,
  { start, from, end }: { start: number; from: number; end: number },
  space: Buffer,
): Stretch {
  const length = Math.min(end, start + fstatSync(file).size) - from
  const bytes = length > 0 ? readSync(file, space, 0, Math.min(space.length, length), from - start) : 0
  const records: LogRecord[] = []
  let at = 0
  for (let next = space.indexOf(lineFeed); next >= 0 && next < bytes; next = space.indexOf(lineFeed, at)) {
    const line = space.subarray(at, next)
    at = next + 1
    records.push({ ...parseLine(line), line, end: from + at })
  }
  if (bytes >= length) return { records, end }
  // Not even one record has room.
  if (at === 0) return readSegment(file, { start, from, end }, Buffer.allocUnsafe(2 * space.length))
  return { records, end: from + at }
}

function parseLine(line: Buffer): Pick<LogRecord, 'kind' | 'seq' | 'body'> {
  const kind = line[1] === tab ? kinds.get(String.fromCharCode(line[0] ?? 0)) : undefined
  const numberEnd = line.indexOf(tab, 2)
  const seq = numberEnd < 0 ? NaN : Number(line.toString('latin1', 2, numberEnd))
  return Number.isSafeInteger(seq)
    ? { kind, seq, body: line.subarray(numberEnd + 1) }
    : { kind: undefined, seq: 0, body: line }
}
