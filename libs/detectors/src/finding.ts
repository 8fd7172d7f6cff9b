/** The detectors, by what they look for. */
export const detectorNames = [
  'email',
  'phone',
  'payment_card',
  'iban',
  'national_id',
  'ip_address',
  'date_of_birth',
  'postal_address',
  'person_name',
  'secret',
  'prompt_injection',
  'url',
  'language',
  'words',
  'pattern',
  'code',
  'size',
] as const

export type DetectorName = (typeof detectorNames)[number]

/** What a detector found, and where. Never the text itself. */
export interface Finding {
  readonly detector: DetectorName
  /** What it is more exactly, such as `us_ssn` or `github_token`; '' when there is nothing more exact. */
  readonly kind: string
  /** The first UTF-16 unit, counted in the text as given. */
  readonly start: number
  /** The UTF-16 unit after the last one. */
  readonly end: number
  /** 0 to 1: 1 where a checksum or an unmistakable form proves it, 0.5 for a guess. */
  readonly confidence: number
}

/** The order of places in the text; of findings at one place the longest first. */
export function byPlace(a: Finding, b: Finding): number {
  return (
    a.start - b.start || b.end - a.end || (a.detector < b.detector ? -1 : a.detector > b.detector ? 1 : 0)
  )
}
