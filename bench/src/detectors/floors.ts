import type { DetectorName } from '@weir/detectors'
import type { Score } from './measure.js'

interface Floor {
  readonly precision: number
  readonly recall: number
}

/** What no change of a detector may fall below. */
export const floors: Readonly<Record<DetectorName, Floor>> = {
  email: { precision: 0.9, recall: 0.9 },
  phone: { precision: 0.9, recall: 0.9 },
  payment_card: { precision: 0.9, recall: 0.9 },
  iban: { precision: 0.9, recall: 0.9 },
  national_id: { precision: 0.9, recall: 0.9 },
  ip_address: { precision: 0.9, recall: 0.9 },
  date_of_birth: { precision: 0.9, recall: 0.9 },
  postal_address: { precision: 0.9, recall: 0.9 },
  person_name: { precision: 0.9, recall: 0.9 },
  secret: { precision: 0.9, recall: 0.9 },
  prompt_injection: { precision: 0.9, recall: 0.9 },
  url: { precision: 0.9, recall: 0.9 },
  language: { precision: 0.9, recall: 0.9 },
  words: { precision: 0.9, recall: 0.9 },
  pattern: { precision: 0.9, recall: 0.9 },
  code: { precision: 0.9, recall: 0.9 },
  size: { precision: 0.9, recall: 0.9 },
}

/** Which detectors are below their floors, in sentences. */
export function missesOf(scores: readonly Score[]): string[] {
  return scores.flatMap(({ detector, precision, recall }) => {
    const floor = floors[detector]
    return [
      ...(precision < floor.precision
        ? [`${detector}: precision ${precision.toFixed(3)} is below ${floor.precision}`]
        : []),
      ...(recall < floor.recall ? [`${detector}: recall ${recall.toFixed(3)} is below ${floor.recall}`] : []),
    ]
  })
}
