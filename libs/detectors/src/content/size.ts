import type { Candidate, Detector, Window } from '../detector.js'

/** A text of more characters than there may be: found is the first one too many. Characters are counted as they read. */
export function size({ max_characters: most }: { max_characters: number }): Detector {
  return {
    reach: 0,
    looksInside: false,
    start: () =>
      function* ({ text, base, from, to }: Window): Generator<Candidate> {
        const at = most - base
        if (at >= from && at < to && at < text.length)
          yield { start: at, end: at + 1, kind: '', confidence: 1 }
      },
  }
}
