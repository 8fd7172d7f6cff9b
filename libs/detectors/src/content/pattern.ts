import { RE2JS } from 're2js'
import type { Candidate, Detector, Window } from '../detector.js'

/** Longest pattern. */
export const maxPatternLength = 1000
/** Matches in one window; of a text with more of them the rest says nothing new. */
const mostMatches = 1000
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
    // One unit before is enough for `\b`, and keeps `^` from matching where the text only was cut.
    const begin = Math.max(0, from - 1)
    const looked = text.slice(begin, Math.min(text.length, Math.max(to + reach, to)))
    if (!compiled.test(looked)) return
    const matcher = compiled.matcher(looked)
    let at = from - begin
    for (let count = 0; count < mostMatches && at <= looked.length && matcher.find(at); count++) {
      const start = begin + matcher.start()
      const end = begin + matcher.end()
      if (start >= to) return
      if (end > start && (start > 0 || base === 0)) yield { start, end, kind: '', confidence: 1 }
      at = Math.max(end, start + 1) - begin
    }
  }
  return { reach, looksInside: true, start: () => find }
}

function compile(source: string, isCaseSensitive: boolean): RE2JS {
  try {
    return RE2JS.compile(source, isCaseSensitive ? 0 : RE2JS.CASE_INSENSITIVE)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`has a pattern that RE2 does not know: ${reason.replace(/^error parsing regexp: /, '')}`)
  }
}
