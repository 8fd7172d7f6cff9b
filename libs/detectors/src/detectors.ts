import type { Finding } from './finding.js'
import { readSettings, SettingsError, type DetectorSettings } from './settings.js'
import { detectorTable } from './table.js'
import { TextScanner, type NamedDetector } from './text-scanner.js'

/** Longest list of detectors. */
export const mostDetectors = 50

/** Detectors that are ready to look at texts, any number of times. */
export class Detectors {
  /** So many UTF-16 units may a finding still need after its beginning: what a stream holds back. */
  readonly reach: number

  constructor(private readonly list: readonly NamedDetector[]) {
    this.reach = Math.max(0, ...list.map(({ reach }) => reach))
  }

  /** All that is in a text, in the order of places. */
  scan(text: string): Finding[] {
    return this.start().push(text, true)
  }

  /** Starts with a text that comes in pieces; see `StreamScanner`. */
  start(): TextScanner {
    return new TextScanner(this.list)
  }
}

/** Makes detectors of settings. Throws a `SettingsError` that says which are wrong, and why. */
export function compileDetectors(settings: readonly DetectorSettings[]): Detectors {
  if (settings.length > mostDetectors) {
    throw new SettingsError(mostDetectors, 'list', `is one too many: there may be ${mostDetectors}`)
  }
  return new Detectors(settings.map(compileDetector))
}

function compileDetector(entry: DetectorSettings, index: number): NamedDetector {
  const { name, settings } = readSettings(entry, index)
  try {
    return { name, ...detectorTable[name].create(settings) }
  } catch (error) {
    throw new SettingsError(index, name, error instanceof Error ? error.message : String(error))
  }
}
