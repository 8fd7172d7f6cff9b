import type { DetectorName } from '@weir/detectors'
import type { Score } from './measure.js'

interface Floor {
  readonly precision: number
  readonly recall: number
}

/** What no change of a detector may fall below. */
export const floors: Readonly<Record<DetectorName, Floor>> = {
  email: { precision: 0.99, recall: 0.98 },
  phone: { precision: 0.96, recall: 0.98 },
  payment_card: { precision: 0.97, recall: 0.97 },
  iban: { precision: 0.99, recall: 0.98 },
  national_id: { precision: 0.97, recall: 0.97 },
  ip_address: { precision: 0.98, recall: 0.97 },
  date_of_birth: { precision: 0.98, recall: 0.97 },
  postal_address: { precision: 0.97, recall: 0.95 },
  person_name: { precision: 0.93, recall: 0.92 },
  secret: { precision: 0.98, recall: 0.97 },
  prompt_injection: { precision: 0.98, recall: 0.83 },
  url: { precision: 0.98, recall: 0.98 },
  language: { precision: 0.97, recall: 0.95 },
  words: { precision: 0.99, recall: 0.99 },
  pattern: { precision: 0.99, recall: 0.99 },
  code: { precision: 0.97, recall: 0.95 },
  size: { precision: 1, recall: 1 },
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
