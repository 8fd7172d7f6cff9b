/**
 * A stretch of text in which a detector looks. What begins at a place is decided by at most `reach`
 * characters after it and a few before it: hence a text that comes in pieces has the same findings as
 * the whole.
 */
export interface Window {
  /** Normalised; it reaches beyond `from` and `to` where there is more. */
  readonly text: string
  /** The same, unit by unit, in lower case, without accents, and letters that look Latin in Latin. */
  readonly folded: string
  /** Only what begins at or after this place is wanted. */
  readonly from: number
  /** Only what begins before this place is wanted. */
  readonly to: number
  /** Where the window's first unit stands in the whole normalised text. */
  readonly base: number
  /** Nothing comes after the window. */
  readonly isEnd: boolean
}

/** Something found, in units of the window. */
export interface Candidate {
  readonly start: number
  readonly end: number
  readonly kind: string
  readonly confidence: number
}

/** Looks into one window after the other of one text; in the order of places, in linear time. */
export type Find = (window: Window) => Iterable<Candidate>

/** A detector with its settings. */
export interface Detector {
  /** How many characters after its beginning may still decide whether something is a finding. */
  readonly reach: number
  /** Looks into what is encoded too; false for what judges a text as a whole. */
  readonly looksInside: boolean
  /** Starts with a new text. */
  start(): Find
}

/** A detector that decides at each place alone, at those whose character may begin a finding. */
export function detectAt(
  reach: number,
  begins: (code: number) => boolean,
  at: (window: Window, position: number) => Candidate | undefined,
): Detector {
  const find = function* (window: Window): Generator<Candidate> {
    const { text, to } = window
    for (let position = window.from; position < to; position++) {
      if (!begins(text.charCodeAt(position))) continue
      const candidate = at(window, position)
      if (!candidate) continue
      yield candidate
      position = Math.max(position, candidate.end - 1)
    }
  }
  return { reach, looksInside: true, start: () => find }
}
