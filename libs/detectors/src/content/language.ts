import { detectAll, supportedLanguages, toISO2 } from 'tinyld'
import type { Candidate, Detector, Window } from '../detector.js'

/** Languages that can be told apart, by their codes of ISO 639-1. */
export const languages: readonly string[] = supportedLanguages.map(toISO2)

/** A sample of so many characters tells the language; each takes the library up to a millisecond. */
const sampleLength = 160
/** Letters without which nothing can be told. */
const fewestLetters = 24
/** The library's own measure; below it the guess is no better than others. */
const leastAccuracy = 0.3

/**
 * Text in other languages than those allowed. A sample is looked at after every stretch; stretches double
 * in length, so that a long text has few: a short passage far back in a long text can be missed.
 */
export function language({ allowed }: { allowed: readonly string[] }): Detector {
  return {
    reach: sampleLength,
    looksInside: false,
    start() {
      /** Where the next sample begins in the whole text, and how long the stretch is. */
      let next = 0
      let stretch = sampleLength
      return function* ({ text, base, from, to }: Window): Generator<Candidate> {
        for (; next < base + to; next += stretch, stretch *= 2) {
          const start = Math.max(next - base, from)
          const end = Math.min(text.length, start + sampleLength)
          const spoken = languageOf(text.slice(start, end))
          if (spoken === undefined || allowed.includes(spoken.lang)) continue
          yield { start, end, kind: spoken.lang, confidence: Math.min(0.95, 0.5 + spoken.accuracy / 2) }
        }
      }
    },
  }
}

function languageOf(sample: string): { lang: string; accuracy: number } | undefined {
  // Names, numbers and addresses are of no language.
  const words = sample.replace(/\S*[\d@/\\_{}<>=]\S*/g, ' ')
  if ((words.match(/\p{L}/gu)?.length ?? 0) < fewestLetters) return undefined
  const [best] = detectAll(words)
  return best && best.accuracy >= leastAccuracy ? best : undefined
}
