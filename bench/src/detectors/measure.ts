import {
  compileDetectors,
  type DetectorName,
  detectorNames,
  type DetectorSettings,
  type Finding,
} from '@weir/detectors'
import { mostCharacters, type Example, type Label } from './examples.js'

const settingsOf: Partial<Record<DetectorName, DetectorSettings>> = {
  language: { name: 'language', allowed: ['en'] },
  words: { name: 'words', words: ['Project Zeus', 'Operation Nightfall', 'Quicksilver'] },
  pattern: { name: 'pattern', pattern: '\\b[A-Z]{2}-\\d{4,6}\\b' },
  size: { name: 'size', max_characters: mostCharacters },
}

/** How well a detector does on the set. */
export interface Score {
  readonly detector: DetectorName
  /** Texts' places that it must find. */
  readonly labelCount: number
  readonly foundCount: number
  /** What it found where nothing is. */
  readonly falseCount: number
  /** Share of what it found that is there; 1 when it found nothing. */
  readonly precision: number
  /** Share of what is there that it found. */
  readonly recall: number
  /** Some of its mistakes, for people who tune it. */
  readonly mistakes: readonly string[]
}

export interface Measurement {
  readonly exampleCount: number
  readonly scores: readonly Score[]
}

/** Asks each detector about each example that it is for. */
export function measure(examples: readonly Example[]): Measurement {
  return {
    exampleCount: examples.length,
    scores: detectorNames.map((detector) => scoreOf(detector, examples)),
  }
}

/** Detectors that judge texts as a whole, and see only the texts that are made for them. */
const judging: readonly DetectorName[] = ['language', 'code', 'size']

function scoreOf(detector: DetectorName, examples: readonly Example[]): Score {
  const detectors = compileDetectors([settingsOf[detector] ?? detector])
  let [labelCount, foundCount, falseCount, rightCount] = [0, 0, 0, 0]
  const mistakes: string[] = []
  for (const { text, labels, only } of examples) {
    if (judging.includes(detector) ? only !== detector : only !== undefined) continue
    const mine = labels.filter((label) => label.detector === detector)
    const findings = detectors.scan(text)
    labelCount += mine.length
    for (const label of mine) {
      if (findings.some((finding) => isSame(finding, label))) foundCount++
      else mistakes.push(`missed: ${text}`)
    }
    for (const finding of findings) {
      if (mine.some((label) => isSame(finding, label))) rightCount++
      else {
        falseCount++
        mistakes.push(`false: ${text.slice(finding.start, finding.end)} in: ${text}`)
      }
    }
  }
  const precision = rightCount + falseCount === 0 ? 1 : rightCount / (rightCount + falseCount)
  return {
    detector,
    labelCount,
    foundCount,
    falseCount,
    precision,
    recall: labelCount === 0 ? 1 : foundCount / labelCount,
    mistakes,
  }
}

/** At least half of the longer one is in both; a finding within a text that is judged as a whole counts. */
function isSame({ detector, start, end }: Finding, label: Label): boolean {
  const common = Math.min(end, label.end) - Math.max(start, label.start)
  if (judging.includes(detector) || detector === 'prompt_injection') return common > 0
  return common * 2 >= Math.max(end - start, label.end - label.start)
}
