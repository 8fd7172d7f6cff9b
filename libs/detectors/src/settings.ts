import { findMistakes, type Fields } from '@weir/plugin-settings'
import { detectorNames, type DetectorName } from './finding.js'
import { detectorTable } from './table.js'

/** A detector by its name, or by an object with its name and settings, as policies write it. */
export type DetectorSettings =
  DetectorName | ({ readonly name: DetectorName } & Readonly<Record<string, unknown>>)

/** Settings that make no detector; the message says which and why, for the person who wrote them. */
export class SettingsError extends Error {
  constructor(
    /** Place in the list. */
    readonly index: number,
    readonly detector: string,
    reason: string,
  ) {
    super(`Detector ${index + 1} (${detector}) ${reason}.`)
    this.name = 'SettingsError'
  }
}

/** The name and the settings of one entry; throws what is wrong with it. */
export function readSettings(
  entry: unknown,
  index: number,
): { name: DetectorName; settings: Record<string, unknown> } {
  const { name, ...settings } = typeof entry === 'string' ? { name: entry } : asObject(entry, index)
  if (!isDetectorName(name)) {
    const given = typeof name === 'string' ? name.slice(0, 40) : 'no name'
    throw new SettingsError(index, given, `is not known; there are ${detectorNames.join(', ')}`)
  }
  const fields: Fields = detectorTable[name].settings
  const [mistake] = findMistakes(fields, settings)
  if (mistake) throw new SettingsError(index, name, `has a mistake: ${mistake.field} ${mistake.message}`)
  return { name, settings }
}

function asObject(entry: unknown, index: number): Record<string, unknown> {
  if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) return { ...entry }
  throw new SettingsError(index, 'no name', 'must be a name or an object with a name')
}

const isDetectorName = (name: unknown): name is DetectorName => detectorNames.includes(name as DetectorName)
