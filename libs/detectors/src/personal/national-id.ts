import { detectAt, type Candidate, type Detector, type Window } from '../detector.js'
import {
  isAfter,
  isAlphanumeric,
  isDigit,
  isRestOfNumber,
  isSpace,
  isWord,
  matchAt,
} from '../text/characters.js'
import * as checks from './checksums.js'

/** Countries whose numbers are known. */
export const nationalIdCountries = ['US', 'GB', 'DE', 'FR', 'ES', 'IT', 'IN', 'BR'] as const

export type NationalIdCountry = (typeof nationalIdCountries)[number]

interface IdForm {
  readonly kind: string
  readonly country: NationalIdCountry
  /** How it is written in full: unmistakable, or at least usual. Sticky, and bounded. */
  readonly written: RegExp
  readonly begins: 'digit' | 'letter'
  /** Judges it without its separators. */
  readonly isRight: (number: string) => boolean
  /** Words that name it. */
  readonly named: RegExp
  /** Of these forms only what is named is one: a row of digits may be anything. */
  readonly bare?: RegExp
  readonly confidence: number
}

const nino = /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/i
const months = 'ABCDEHLMPRST'

const forms: readonly IdForm[] = [
  {
    ...{ kind: 'us_ssn', country: 'US', begins: 'digit', isRight: checks.isSsn, confidence: 0.9 },
    written: /\d{3}-\d\d-\d{4}/y,
    bare: /\d{3} \d\d \d{4}|\d{9}/y,
    named: /\bssn\b|social sec|soc\.? sec|\bss ?#|\bss ?n(?:o|umber)/,
  },
  {
    ...{ kind: 'us_itin', country: 'US', begins: 'digit', isRight: checks.isItin, confidence: 0.9 },
    written: /9\d\d-\d\d-\d{4}/y,
    bare: /9\d{8}/y,
    named: /\bitin\b|taxpayer|tax id/,
  },
  {
    ...{ kind: 'uk_nino', country: 'GB', begins: 'letter', confidence: 0.95 },
    isRight: (number) => nino.test(number),
    written: /[A-Z]{2}(?: ?\d\d){3} ?[A-D]|[A-Z]{2}-\d\d-\d\d-\d\d-[A-D]/iy,
    named: /national insurance|\bnino?\b|insurance n/,
  },
  {
    ...{ kind: 'uk_nhs', country: 'GB', begins: 'digit', isRight: checks.isNhs, confidence: 0.85 },
    written: /\d{3} \d{3} \d{4}/y,
    bare: /\d{10}|\d{3}-\d{3}-\d{4}/y,
    named: /\bnhs\b|health service/,
  },
  {
    ...{ kind: 'de_steuer_id', country: 'DE', begins: 'digit', isRight: checks.isSteuerId, confidence: 0.9 },
    written: /\d\d \d{3} \d{3} \d{3}/y,
    bare: /\d{11}|\d{2}[./-]\d{3}[./-]\d{3}[./-]\d{3}/y,
    named: /steuer|\bidnr|\bid-nr|\btin\b|tax id|identifikationsnummer|\bst-?id/,
  },
  {
    ...{ kind: 'fr_nir', country: 'FR', begins: 'digit', isRight: checks.isNir, confidence: 0.98 },
    written: /[12378] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d/iy,
    named: /\bnir\b|secu|insee|social/,
  },
  {
    ...{ kind: 'es_dni', country: 'ES', begins: 'digit', isRight: checks.isDni, confidence: 0.95 },
    written: /\d{8}[- ]?[A-HJ-NP-TV-Z]|\d\d\.\d{3}\.\d{3}[- ]?[A-HJ-NP-TV-Z]/iy,
    named: /\bdni\b|\bnif\b|documento|identidad/,
  },
  {
    ...{ kind: 'es_nie', country: 'ES', begins: 'letter', isRight: checks.isDni, confidence: 0.97 },
    written: /[XYZ][- ]?\d{7}[- ]?[A-HJ-NP-TV-Z]/iy,
    named: /\bnie\b|extranjer/,
  },
  {
    ...{ kind: 'it_codice_fiscale', country: 'IT', begins: 'letter', confidence: 1 },
    isRight: checks.isCodiceFiscale,
    // Digits may be replaced by letters where two people would have the same.
    written: new RegExp(
      `[A-Z]{3} ?[A-Z]{3} ?[\\dL-NP-V]{2}[${months}][\\dL-NP-V]{2} ?[A-Z][\\dL-NP-V]{3}[A-Z]`,
      'iy',
    ),
    named: /codice fiscale|\bcf\b|c\.f\./,
  },
  {
    ...{ kind: 'in_aadhaar', country: 'IN', begins: 'digit', confidence: 0.85 },
    isRight: (number) => /^[2-9]/.test(number) && checks.isVerhoeff(number),
    written: /[2-9]\d{3}([ -])\d{4}\1\d{4}/y,
    bare: /[2-9]\d{11}/y,
    named: /aadh?aa?r|uidai|\buid\b/,
  },
  {
    ...{ kind: 'in_pan', country: 'IN', begins: 'letter', confidence: 0.85 },
    isRight: () => true,
    // The fourth letter says who holds it.
    written: /[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]/y,
    bare: /[a-z]{3}[abcfghjlpt][a-z]\d{4}[a-z]/iy,
    named: /\bpan\b|permanent account|income tax/,
  },
  {
    ...{ kind: 'br_cpf', country: 'BR', begins: 'digit', isRight: checks.isCpf, confidence: 0.97 },
    written: /\d{3}\.\d{3}\.\d{3}-\d\d/y,
    bare: /\d{11}|\d{9}-\d\d|\d{3} \d{3} \d{3} \d\d/y,
    named: /\bcpf\b|cadastro/,
  },
  {
    ...{ kind: 'br_cnpj', country: 'BR', begins: 'digit', isRight: checks.isCnpj, confidence: 0.97 },
    written: /\d\d\.\d{3}\.\d{3}\/\d{4}-\d\d/y,
    bare: /\d{14}/y,
    named: /\bcnpj\b/,
  },
]

/** The longest form with the separators that it may have. */
const longest = 24

/** What one number in ten passes is not taken for an id when it is named as something else. */
const otherwise =
  /order|invoice|tracking|isbn|serial|ticket|\bcase\b|phone|\btel\b|\bsku\b|\bpart\b|parcel|imei|card|version/

/** Numbers that states give to people, with their check digits; of some countries only, if the settings say so. */
export function nationalId({ countries }: { countries?: readonly NationalIdCountry[] }): Detector {
  const chosen = forms.filter(({ country }) => countries === undefined || countries.includes(country))
  const byFirst = {
    digit: chosen.filter(({ begins }) => begins === 'digit'),
    letter: chosen.filter(({ begins }) => begins === 'letter'),
  }
  return detectAt(longest + 2, isAlphanumeric, (window, at) => {
    const { text } = window
    if (isWord(text.charCodeAt(at - 1)) || /[.\-/+]/.test(text.charAt(at - 1))) return undefined
    if (!hasDigits(text, at)) return undefined
    for (const form of isDigit(text.charCodeAt(at)) ? byFirst.digit : byFirst.letter) {
      const found = matchForm(form, window, at)
      if (found) return found
    }
    return undefined
  })
}

/** Every form has four digits or more among its characters: most words do not. */
function hasDigits(text: string, at: number): boolean {
  let count = 0
  for (let position = at; position < at + longest && count < 4; position++) {
    const code = text.charCodeAt(position)
    if (isDigit(code)) count++
    else if (!isAlphanumeric(code) && code !== 0x20 && (code < 0x2d || code > 0x2f)) break
  }
  return count >= 4
}

function matchForm(form: IdForm, { text, folded }: Window, at: number): Candidate | undefined {
  const written = matchAt(form.written, text, at)
  const isNamed = isAfter(form.named, folded, at)
  const match =
    written && ends(text, at, written)
      ? written
      : isNamed && form.bare
        ? matchAt(form.bare, text, at)
        : undefined
  if (!match || !ends(text, at, match)) return undefined
  if (!isNamed && (isAfter(otherwise, folded, at, 24) || isPart(text, at, at + match[0].length)))
    return undefined
  const number = match[0].replace(/[ ./-]/g, '')
  if (!form.isRight(number)) return undefined
  const confidence = isNamed ? Math.min(1, form.confidence + 0.1) : form.confidence
  return { start: at, end: at + match[0].length, kind: form.kind, confidence }
}

/** The number ends where the form does. */
function ends(text: string, at: number, match: RegExpExecArray): boolean {
  const end = at + match[0].length
  const code = text.charCodeAt(end)
  return !isWord(code) && !(/[-./]/.test(text.charAt(end)) && isDigit(text.charCodeAt(end + 1)))
}

/** Groups of digits before or after it say that it is part of a longer number. */
const isPart = (text: string, start: number, end: number): boolean =>
  isRestOfNumber(text, start) || (isSpace(text.charCodeAt(end)) && isDigit(text.charCodeAt(end + 1)))
