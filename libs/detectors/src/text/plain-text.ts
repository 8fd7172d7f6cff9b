import { isMark, readCluster } from './cluster.js'
import { fold } from './fold.js'

/** Marks on one letter; more begin a character of their own (Unicode's Stream-Safe Text Format has 30). */
const mostMarks = 30

/**
 * A text as it reads, built from pieces: the same whatever the pieces are. It knows where each of its
 * units stands in the text as given, and forgets what is over.
 */
export class PlainText {
  text = ''
  folded = ''
  /** Place of the first unit in the whole normalised text. */
  base = 0
  /** What of the text as given is not in `text` yet: the next piece may change how it reads. */
  private pending = ''
  private pendingAt = 0
  private starts: number[] = []
  private ends: number[] = []
  /** As long as every unit stands for itself: the place of the first in the text as given. */
  private origin: number | undefined = 0

  /** Adds a piece. After the last one (`isEnd`) nothing is pending. */
  append(piece: string, isEnd: boolean): void {
    const raw = this.pending + piece
    const origin = this.pendingAt
    let at = 0
    let added = ''
    while (at < raw.length) {
      const plainEnd = endOfAscii(raw, at, isEnd)
      if (plainEnd > at) {
        added += raw.slice(at, plainEnd)
        this.placeRun(origin + at, plainEnd - at)
        at = plainEnd
        continue
      }
      const end = endOfCluster(raw, at, isEnd)
      if (end === undefined) break
      const read = readCluster(raw.slice(at, end))
      this.placeCluster(origin + at, origin + end, read.length, this.text.length + added.length)
      added += read
      at = end
    }
    this.text += added
    this.folded += fold(added)
    this.pending = raw.slice(at)
    this.pendingAt = origin + at
  }

  /** The place, in the text as given, where a unit begins; past the last unit: what is not read yet. */
  startOf(unit: number): number {
    if (unit >= this.text.length) return this.pendingAt
    return this.origin === undefined ? (this.starts[unit] ?? this.pendingAt) : this.origin + unit
  }

  /** The place, in the text as given, after a unit. */
  endOf(unit: number): number {
    return this.origin === undefined ? (this.ends[unit] ?? this.pendingAt) : this.origin + unit + 1
  }

  /** Forgets the first units. */
  drop(count: number): void {
    this.text = this.text.slice(count)
    this.folded = this.folded.slice(count)
    this.base += count
    if (this.origin !== undefined) this.origin += count
    else {
      this.starts = this.starts.slice(count)
      this.ends = this.ends.slice(count)
    }
  }

  private placeRun(start: number, length: number): void {
    if (this.origin !== undefined) return
    for (let at = start; at < start + length; at++) {
      this.starts.push(at)
      this.ends.push(at + 1)
    }
  }

  private placeCluster(start: number, end: number, length: number, known: number): void {
    if (this.origin !== undefined) {
      if (length === 1 && end - start === 1) return
      this.starts = Array.from({ length: known }, (_, unit) => (this.origin ?? 0) + unit)
      this.ends = this.starts.map((place) => place + 1)
      this.origin = undefined
    }
    for (let unit = 0; unit < length; unit++) {
      this.starts.push(start)
      this.ends.push(end)
    }
  }
}

/** Up to where ASCII stands for itself: the last character of a run waits for marks upon it. */
function endOfAscii(raw: string, at: number, isEnd: boolean): number {
  let end = at
  while (end < raw.length && raw.charCodeAt(end) < 0x80) end++
  if (end === at) return at
  if (end === raw.length) return isEnd ? end : end - 1
  return isMark(raw.codePointAt(end)) || isTorn(raw, end, isEnd) ? end - 1 : end
}

/** The first half of a character of which the other half has not come. */
const isTorn = (raw: string, at: number, isEnd: boolean): boolean => {
  const code = raw.charCodeAt(at)
  return !isEnd && at === raw.length - 1 && code >= 0xd800 && code <= 0xdbff
}

function endOfCluster(raw: string, at: number, isEnd: boolean): number | undefined {
  if (isTorn(raw, at, isEnd)) return undefined
  let end = at + sizeAt(raw, at)
  for (let count = 0; count < mostMarks; count++) {
    if (end >= raw.length || isTorn(raw, end, isEnd)) return isEnd ? end : undefined
    if (!isMark(raw.codePointAt(end))) return end
    end += sizeAt(raw, end)
  }
  return end
}

const sizeAt = (raw: string, at: number): number => ((raw.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
