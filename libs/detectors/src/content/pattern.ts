import { RE2JS } from 're2js'
import type { Candidate, Detector, Window } from '../detector.js'

/** Longest pattern. */
export const maxPatternLength = 1000
/** Most instructions of a compiled pattern: the time is that of the text times these, and `a{500}` has 500. */
export const maxProgramSize = 300
/** The text is looked at in pieces of so many characters or more. */
const shortestPiece = 512
const defaultLength = 128

export interface PatternSettings {
  readonly pattern: string
  readonly is_case_sensitive?: boolean
  /** The longest match that is seen whatever the pieces of a stream are; longer ones may be cut. */
  readonly max_length?: number
}

/**
 * A pattern of the customer's own, in the syntax of RE2, whose time grows with the text alone. Throws
 * when it is none.
 */
export function pattern({
  pattern: source,
  is_case_sensitive: isCaseSensitive = true,
  max_length: reach = defaultLength,
}: PatternSettings): Detector {
  const compiled = compile(source, isCaseSensitive)
  const find = function* ({ text, from, to, base }: Window): Generator<Candidate> {
    let at = from
    for (let piece = from; piece < to; piece += Math.max(reach, shortestPiece)) {
      const pieceEnd = Math.min(piece + Math.max(reach, shortestPiece), to)
      // One unit before is enough for `\b`, and keeps `^` from matching where the text only was cut.
      const begin = Math.max(0, piece - 1)
      const looked = text.slice(begin, pieceEnd + reach)
      // To say whether there is a match takes a hundredth of the time that it takes to say where.
      if (!compiled.test(looked)) continue
      const matcher = compiled.matcher(looked)
      at = Math.max(at, piece)
      while (at < pieceEnd && matcher.find(at - begin)) {
        const start = begin + matcher.start()
        const end = begin + matcher.end()
        if (start >= pieceEnd) break
        if (end > start && (start > 0 || base === 0)) yield { start, end, kind: '', confidence: 1 }
        at = Math.max(end, start + 1)
      }
    }
  }
  return { reach, looksInside: true, start: () => find }
}

function compile(source: string, isCaseSensitive: boolean): RE2JS {
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(source, isCaseSensitive ? 0 : RE2JS.CASE_INSENSITIVE)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`has a pattern that RE2 does not know: ${reason.replace(/^error parsing regexp: /, '')}`)
  }
  const size = compiled.programSize()
  if (size <= maxProgramSize) return compiled
  throw new Error(
    `has a pattern that is too large: it takes ${size} steps and may take ${maxProgramSize}; use fewer or smaller counts in {}`,
  )
}
