import {
  compileDetectors,
  type DetectorName,
  type Detectors,
  type DetectorSettings,
  type Finding,
} from '@weir/detectors'

/** A text to look through. */
export interface ScannedText {
  text: string
  /** Consecutive texts with the same number are parts of one message. */
  message: number
}

/** Detectors that are compiled together. */
export interface DetectorSet {
  /** Names them: equal keys are equal settings. */
  key: string
  detectors: DetectorSettings[]
}

/** What was found in one text, and by which set of detectors. */
export interface Found extends Finding {
  /** Key of the set; of a detector that is chosen by its name alone, its name. */
  by: string
}

/** What a worker is asked. */
export interface ScanOrder {
  id: number
  sets: DetectorSet[]
  texts: ScannedText[]
}

/** What it answers; `error`: it could not look. */
export interface ScanAnswer {
  id: number
  found?: Found[][]
  error?: string
}

/** What a worker says first. */
export const ready: ScanAnswer = { id: 0 }

const keptSets = 200
const compiledSets = new Map<string, Detectors>()

/** Compiling takes longer than looking through a short text; the sets that were used last are kept. */
function compiled({ key, detectors }: DetectorSet): Detectors {
  const known = compiledSets.get(key)
  if (known) {
    compiledSets.delete(key)
    compiledSets.set(key, known)
    return known
  }
  const made = compileDetectors(detectors)
  compiledSets.set(key, made)
  for (const oldest of compiledSets.keys()) {
    if (compiledSets.size <= keptSets) break
    compiledSets.delete(oldest)
  }
  return made
}

/** The set of all detectors that are chosen by name alone, and one set for each that has settings. */
export function toSets(choices: readonly DetectorSettings[]): DetectorSet[] {
  const named = new Set<DetectorName>()
  const sets = new Map<string, DetectorSet>()
  for (const choice of choices) {
    if (typeof choice === 'string') named.add(choice)
    else sets.set(keyOf(choice), { key: keyOf(choice), detectors: [choice] })
  }
  const names = [...named].sort()
  const together = names.length > 0 ? [{ key: `names ${names.join(' ')}`, detectors: names }] : []
  return [...together, ...sets.values()]
}

/** By what a finding names the choice that found it. */
export const keyOf = (choice: DetectorSettings): string =>
  typeof choice === 'string' ? choice : JSON.stringify(choice)

/** What all sets find in all texts, in the order of the texts. */
export function scan(sets: readonly DetectorSet[], texts: readonly ScannedText[]): Found[][] {
  const found: Found[][] = texts.map(() => [])
  for (const set of sets) {
    const detectors = compiled(set)
    const isNamed = typeof set.detectors[0] === 'string'
    const note = (at: number, finding: Finding) => {
      found[at]?.push({ ...finding, by: isNamed ? finding.detector : set.key })
    }
    for (const [at, { text }] of texts.entries()) {
      for (const finding of detectors.scan(text)) note(at, finding)
    }
    for (const { first, last } of dividedMessages(texts)) scanAcross(detectors, texts, { first, last }, note)
  }
  return found
}

/** Runs of texts that are one message. */
function dividedMessages(texts: readonly ScannedText[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = []
  for (let first = 0; first < texts.length;) {
    let last = first
    while (last + 1 < texts.length && texts[last + 1]?.message === texts[first]?.message) last++
    if (last > first) runs.push({ first, last })
    first = last + 1
  }
  return runs
}

/** Finds what is divided among the parts of a message; each part has its piece of it as a finding. */
function scanAcross(
  detectors: Detectors,
  texts: readonly ScannedText[],
  { first, last }: { first: number; last: number },
  note: (at: number, finding: Finding) => void,
): void {
  const starts: number[] = []
  let whole = ''
  for (let at = first; at <= last; at++) {
    starts.push(whole.length)
    whole += texts[at]?.text ?? ''
  }
  starts.push(whole.length)
  for (const finding of detectors.scan(whole)) {
    let part = upperBound(starts, finding.start) - 1
    if (finding.end <= (starts[part + 1] ?? whole.length)) continue
    for (; part <= last - first && (starts[part] ?? 0) < finding.end; part++) {
      const from = starts[part] ?? 0
      const start = Math.max(0, finding.start - from)
      const end = Math.min((starts[part + 1] ?? whole.length) - from, finding.end - from)
      if (end > start) note(first + part, { ...finding, start, end })
    }
  }
}

/** How many of the sorted numbers are at most `value`. */
function upperBound(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) <= value) low = middle + 1
    else high = middle
  }
  return low
}
