import type { DetectorName, DetectorSettings } from '@weir/detectors'
import { fillers, phrases } from './plan-phrases.js'

/** How a policy is evaluated: its detectors first, then, only if they cannot tell, a judge. */
export interface Plan {
  /** `detectors`: they were given; `text`: they were found in the text. */
  source: 'detectors' | 'text'
  detectors: DetectorSettings[]
  /** Null: the detectors say all. */
  judge: JudgeStep | null
}

/** A question that takes a model to answer. */
export interface JudgeStep {
  /** What of the text no detector stands for. */
  unclear: string[]
}

const longestUnclear = 20

/** A space on both sides of each word, so that whole words are found. */
const wordsOf = (text: string): string =>
  ` ${text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('’', "'")
    .replaceAll(/[^\p{L}\p{N}'-]+/gu, ' ')
    .trim()} `

const singular = (words: string): string => words.replace(/(ses|s)$/, (end) => (end === 'ses' ? 's' : ''))

const spoken = phrases
  .flatMap(({ words, detectors }) =>
    words.flatMap((phrase) => [
      { phrase: wordsOf(phrase), detectors },
      { phrase: wordsOf(singular(phrase)), detectors },
    ]),
  )
  .sort((left, right) => right.phrase.length - left.phrase.length)

/**
 * The plan of a policy. Detectors that are given are the plan: whoever gives them has edited it. Without,
 * they are found in the text by its words, and where words are left that no detector stands for, it takes
 * a judge.
 */
export function toPlan(text: string, given: readonly DetectorSettings[] | null): Plan {
  if (given && given.length > 0) return { source: 'detectors', detectors: [...given], judge: null }
  let rest = wordsOf(text)
  const found = new Set<DetectorName>()
  for (const { phrase, detectors } of spoken) {
    if (!rest.includes(phrase)) continue
    rest = rest.replaceAll(phrase, '  ')
    for (const detector of detectors) found.add(detector)
  }
  const unclear = [...new Set(rest.split(/[\s'-]+/))].filter((word) => word !== '' && !fillers.has(word))
  const isClear = found.size > 0 && unclear.length === 0
  return {
    source: 'text',
    detectors: [...found],
    judge: isClear ? null : { unclear: unclear.slice(0, longestUnclear) },
  }
}

/** Why a plan cannot be carried out; undefined: it can. */
export function findPlanMistake({ judge }: Plan): string | undefined {
  if (!judge) return undefined
  const about =
    judge.unclear.length > 0
      ? ` No detector stands for these words: ${judge.unclear.join(', ')}.`
      : ' Its text names nothing that a detector finds.'
  return (
    `This policy would need a judge, which Weir does not have yet, and so could not be enforced.${about} ` +
    'Give `detectors` for what shall be found, reword the text, or save it with the mode `off` or `shadow`.'
  )
}
