import type { Candidate, Detector, Find, Window } from './detector.js'
import { byPlace, type DetectorName, type Finding } from './finding.js'
import {
  decodeBase64At,
  decodeEscapes,
  isBase64,
  isEscapeAt,
  nextEscapeSign,
  type Decoded,
  type Unescaped,
} from './text/encoded.js'
import { PlainText } from './text/plain-text.js'
import { isRun, Runs } from './text/runs.js'

/** A detector by its name, once for each of its settings. */
export interface NamedDetector extends Detector {
  readonly name: DetectorName
}

/** What may stand before a finding and decide about it: a boundary, a word that says what a number is. */
const before = 128

/** Of what stands before an escape this much beyond the reach is decoded too. */
const beforeEscape = 64

const shortestSurroundings = 512

/** Encoded texts in encoded texts are looked into so many times. */
const deepest = 3

/** How much text that is over is kept before it is dropped. */
const dropAfter = 8192

/** Of what stands before an encoded run so much is looked at with it. */
const saidBefore = 48

/** Findings that are kept to tell doubles. */
const mostReported = 10_000

/** One detector in the midst of a text. */
interface Run {
  readonly detector: NamedDetector
  readonly find: Find
  /** Place, in the whole normalised text, after the last finding: the next begins there or later. */
  free: number
}

/**
 * Looks at one text that comes in pieces. A place is decided as soon as all detectors can see as far as
 * they need: `reach` characters, and no open run of characters that may be a key or an encoded text.
 * The findings are the same however the text is cut.
 */
export class TextScanner {
  private readonly plain = new PlainText()
  private readonly runs = new Runs()
  private readonly finders: Run[]
  /** Place in the whole normalised text up to which all is decided. */
  private decided = 0
  private base64Free = 0
  private escapesFree = 0
  private readonly reach: number
  private readonly inside: readonly NamedDetector[]
  private readonly isInside: boolean
  /** So much after an escape is decoded and looked at together. */
  private readonly surroundings: number
  private readonly reported = new Set<string>()

  constructor(
    detectors: readonly NamedDetector[],
    private readonly depth = 0,
  ) {
    this.finders = detectors.map((detector) => ({ detector, find: detector.start(), free: 0 }))
    this.reach = Math.max(0, ...detectors.map(({ reach }) => reach))
    this.inside = detectors.filter(({ looksInside }) => looksInside)
    this.isInside = depth < deepest && this.inside.length > 0
    this.surroundings = Math.max(shortestSurroundings, this.reach * 3)
  }

  /** The place in the text as given before which all is decided. */
  get decidedTo(): number {
    return this.plain.startOf(this.decided - this.plain.base)
  }

  /** Adds a piece and says what is sure by now, in the order of places. */
  push(piece: string, isEnd = false): Finding[] {
    const { plain, runs } = this
    plain.append(piece, isEnd)
    runs.follow(plain.text, plain.base)
    const length = plain.base + plain.text.length
    const seen = isEnd ? length : Math.min(runs.openStart, length) - this.reach
    const seenInside = isEnd ? length : Math.min(seen, Math.min(runs.openStart, length) - this.surroundings)
    const limit = isEnd ? length : Math.min(seen, this.firstEscape(seenInside) - this.reach)
    return this.decide(Math.max(this.decided, limit), seenInside, isEnd)
  }

  private decide(limit: number, seenInside: number, isEnd: boolean): Finding[] {
    const { plain, runs } = this
    if (limit === this.decided && seenInside <= this.escapesFree && !isEnd) return []
    const found = [
      ...this.findPlain(limit, isEnd),
      ...this.findBase64(limit),
      ...this.findEscapes(seenInside, isEnd),
    ]
    this.decided = limit
    const over = limit - before - this.reach
    if (!isEnd && over - plain.base > dropAfter) {
      plain.drop(over - plain.base)
      runs.drop(over)
    }
    return found.filter((finding) => this.isNew(finding)).sort(byPlace)
  }

  /** What is found as it stands and again where it is decoded is one finding. */
  private isNew({ detector, kind, start, end, confidence }: Finding): boolean {
    const finding = `${detector} ${kind} ${start} ${end} ${confidence}`
    if (this.reported.has(finding)) return false
    if (this.reported.size >= mostReported) this.reported.clear()
    this.reported.add(finding)
    return true
  }

  private *findPlain(limit: number, isEnd: boolean): Generator<Finding> {
    const { plain } = this
    for (const run of this.finders) {
      const from = Math.max(this.decided, run.free) - plain.base
      const window: Window = {
        ...{ text: plain.text, folded: plain.folded, base: plain.base, isEnd },
        ...{ from, to: limit - plain.base },
      }
      for (const candidate of run.find(window)) {
        if (candidate.start + plain.base < run.free) continue
        run.free = plain.base + candidate.end
        yield this.toFinding(run.detector.name, candidate)
      }
    }
  }

  private toFinding(detector: DetectorName, { start, end, kind, confidence }: Candidate): Finding {
    return { detector, kind, start: this.plain.startOf(start), end: this.plain.endOf(end - 1), confidence }
  }

  /** Looks into runs of base64 that begin before the limit. */
  private *findBase64(limit: number): Generator<Finding> {
    if (!this.isInside) return
    const { text, base } = this.plain
    for (let at = Math.max(this.decided, this.base64Free) - base; at < limit - base; at++) {
      if (!isBase64(text.charCodeAt(at))) continue
      if (isBase64(text.charCodeAt(at - 1)) && !this.runs.isRestart(at + base)) continue
      const cut = this.runs.cutAfter(at + base)
      const inner = decodeBase64At(text, at, Math.min(text.length, (cut?.end ?? Infinity) - base))
      const isCut = cut !== undefined && inner.end + base === cut.end
      this.base64Free = isCut ? cut.restart : base + Math.max(inner.end, at + 1)
      if (inner.text !== '') yield* this.findDecoded(inner)
      at = Math.max(at, this.base64Free - base - 1)
    }
  }

  /** The first escape at a place or after it, whose surroundings cannot all be seen yet. */
  private firstEscape(place: number): number {
    if (!this.isInside) return Infinity
    const { text, base } = this.plain
    return nextEscapeSign(text, Math.max(this.escapesFree, place, base) - base) + base
  }

  /** Looks at the surroundings of escapes up to a place with all escapes in them decoded. */
  private *findEscapes(to: number, isEnd: boolean): Generator<Finding> {
    if (!this.isInside) return
    const { plain, reach } = this
    const { text, base } = plain
    let at = this.escapesFree - base
    for (; at < to - base; at++) {
      at = Math.min(nextEscapeSign(text, at), to - base)
      if (at === to - base) break
      if (!isEscapeAt(text, at)) continue
      const runEnd = this.endOfRun(at)
      const end = Math.min(text.length, Math.max(runEnd, at + this.surroundings))
      const inner = decodeEscapes(text, Math.max(0, at - reach - beforeEscape), end)
      if (inner) yield* this.findUnescaped(inner)
      // The next surroundings overlap these, so that nothing falls between.
      at = isEnd && end === text.length ? end : Math.max(at, end - reach - 1)
    }
    this.escapesFree = Math.max(this.escapesFree, at + base)
  }

  /** Where the characters that belong together end: the surroundings of an escape. */
  private endOfRun(at: number): number {
    const { text, base } = this.plain
    const to = Math.min(text.length, at + 1024, (this.runs.cutAfter(at + base)?.end ?? Infinity) - base)
    let end = at
    while (end < to && isRun(text.charCodeAt(end))) end++
    return end
  }

  /** Looks at a decoded run after what stands before it, which may say what it is. */
  private *findDecoded({ text, start, end }: Decoded): Generator<Finding> {
    const said = `${this.plain.text.slice(Math.max(0, start - saidBefore), start)}\n`
    for (const found of this.lookInside(said + text, said.length)) {
      if (found.end <= said.length) continue
      yield { ...found, start: this.plain.startOf(start), end: this.plain.endOf(end - 1) }
    }
  }

  private *findUnescaped({ text, starts, ends }: Unescaped): Generator<Finding> {
    for (const found of this.lookInside(text)) {
      const start = starts[found.start] ?? 0
      const end = ends[found.end - 1] ?? start
      // What has no escape in it is found where it stands.
      if (end - start === found.end - found.start) continue
      yield { ...found, start: this.plain.startOf(start), end: this.plain.endOf(end - 1) }
    }
  }

  /** Looks at a decoded text; for what is encoded in it only from a place on. */
  private lookInside(text: string, from = 0): Finding[] {
    const scanner = new TextScanner(this.inside, this.depth + 1)
    scanner.base64Free = scanner.escapesFree = from
    return scanner.push(text, true)
  }
}
