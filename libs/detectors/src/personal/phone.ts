import { getCountries, getCountryCallingCode, Metadata } from 'libphonenumber-js/core'
import type { CountryCode } from 'libphonenumber-js'
import data from 'libphonenumber-js/min/metadata'
import { detectAt, type Detector } from '../detector.js'
import { isAfter, isDigit, isRestOfNumber, isSpace, isWord } from '../text/characters.js'

/** Countries whose numbers are known without their country's code, unless the settings say others. */
export const defaultPhoneCountries = ['US', 'GB', 'DE', 'FR', 'ES', 'IT', 'IN', 'BR'] as const

/** All that numbers are known of. */
export const phoneCountries: readonly string[] = getCountries(data)

const longest = 26
const fewestDigits = 7
const marks = new Set([...' .-()/'].map((mark) => mark.charCodeAt(0)))
const named =
  /phone|\btel\b|call|mobile|\bfax\b|cell|whatsapp|handy|telefon|mobil|movil|portable|cellulare|celular|sms|\bring\b|reach (?:me|us|him|her)|hotline|contact|dial|\btext\b|rufnummer|appel|llam|chiama|ligue/
const otherwise =
  /order|invoice|tracking|isbn|\bref|serial|ticket|\bcase\b|\bid\b|version|account|sku|\bpart\b|number #|lat|lon|coordinates|\bport\b|ssn|nhs|cpf|price|total|zip/

interface Plan {
  readonly callingCode: string
  readonly national: RegExp
}

const plans = new Map<string, Plan>()

/** A country's plan, of libphonenumber's data; its own parser takes 0.1 ms a number, too long for hostile texts. */
function planOf(country: string): Plan {
  const known = plans.get(country)
  if (known) return known
  const metadata = new Metadata(data)
  metadata.selectNumberingPlan(country as CountryCode)
  const { numberingPlan } = metadata as unknown as {
    numberingPlan: { callingCode(): string; nationalNumberPattern(): string }
  }
  const plan = {
    callingCode: numberingPlan.callingCode(),
    national: new RegExp(`^(?:${numberingPlan.nationalNumberPattern()})$`),
  }
  plans.set(country, plan)
  return plan
}

/** The countries of each calling code. */
const callingCodes = new Map<string, string[]>()
for (const country of getCountries(data)) {
  const code = getCountryCallingCode(country, data)
  const countries = callingCodes.get(code) ?? []
  callingCodes.set(code, [...countries, country])
}

/** Phone numbers: with a country's code of any country, else as people of some countries write them. */
export function phone({ countries }: { countries?: readonly string[] }): Detector {
  const own = (countries ?? defaultPhoneCountries).map((country) => ({ country, ...planOf(country) }))
  return detectAt(
    longest + 2,
    (code) => isDigit(code) || code === 0x2b || code === 0x28,
    (window, at) => {
      const written = numberAt(window.text, at)
      if (!written) return undefined
      const { end, groups, text } = written
      const digits = groups.join('')
      // A bracket that is not closed within the number is none of it.
      const start = text.startsWith('(') && !text.includes(')') ? at + 1 : at
      const foreign = text.startsWith('+') ? digits : /^00[1-9]/.test(digits) ? digits.slice(2) : undefined
      if (digits.length < fewestDigits || digits.length > 15) return undefined
      if (foreign !== undefined) {
        const kind = countryOf(foreign, text)
        const confidence = text.startsWith('+') ? 0.95 : 0.8
        return kind === undefined ? undefined : { start, end, kind, confidence }
      }
      const isNamed = isAfter(named, window.folded, at, 32)
      if (!isNamed && (isAfter(otherwise, window.folded, at, 24) || isFollowed(window.text, end))) {
        return undefined
      }
      const shape = groups.map(({ length }) => length).join(' ')
      const country = own.find((each) => isNational(each, { digits, shape, text, isNamed }))?.country
      if (country === undefined) return undefined
      return { start, end, kind: country.toLowerCase(), confidence: isNamed ? 0.9 : 0.75 }
    },
  )
}

/** Another group of digits follows: it is the beginning of a longer number. */
const isFollowed = (text: string, end: number): boolean =>
  isSpace(text.charCodeAt(end)) && isDigit(text.charCodeAt(end + 1))

interface Written {
  readonly end: number
  readonly groups: string[]
  readonly text: string
}

/** Digits and the marks between them, up to the longest number. */
function numberAt(text: string, at: number): Written | undefined {
  const isSigned = !isDigit(text.charCodeAt(at))
  if (!isSigned && isRestOfNumber(text, at)) return undefined
  if (!isSigned && text.charAt(at - 1) === '(') return undefined
  const previous = text.charAt(at - 1)
  if (isWord(text.charCodeAt(at - 1)) || (previous !== '' && './\\+-#$€£@'.includes(previous)))
    return undefined
  if (isSigned && !/^(?:\+\(?|\()\d/.test(text.slice(at, at + 3)) && !/^\(\+\d/.test(text.slice(at, at + 3)))
    return undefined
  const groups: string[] = []
  let end = at
  let isOpen = false
  for (let position = at; position - at < longest; position++) {
    const code = text.charCodeAt(position)
    if (isDigit(code)) {
      groups.push((isOpen ? (groups.pop() ?? '') : '') + text.charAt(position))
      isOpen = true
      end = position + 1
      continue
    }
    const isBegin = position === at || (position === at + 1 && isSigned)
    const isTwice = code === text.charCodeAt(position - 1)
    if (!(marks.has(code) || (isBegin && code === 0x2b)) || isTwice) break
    isOpen = false
  }
  const isCut =
    isWord(text.charCodeAt(end)) || (/[:,.%]/.test(text.charAt(end)) && isDigit(text.charCodeAt(end + 1)))
  return isCut ? undefined : { end, groups, text: text.slice(at, end) }
}

/** The country of a number with its calling code; undefined when its country has no such number. */
function countryOf(digits: string, text: string): string | undefined {
  for (let length = 1; length <= 3; length++) {
    const countries = callingCodes.get(digits.slice(0, length))
    if (!countries) continue
    // `+44 (0)20 …`: the zero is for those who call from within.
    const rest = digits.slice(length).replace(text.includes('(0)') ? /^0/ : /^$/, '')
    return countries.find((country) => planOf(country).national.test(rest))?.toLowerCase()
  }
  return undefined
}

interface National {
  readonly digits: string
  /** Lengths of the groups. */
  readonly shape: string
  readonly text: string
  readonly isNamed: boolean
}

/** A number without its country's code: of the right form, and written as one or named as one. */
function isNational(
  { country, callingCode, national }: Plan & { country: string },
  { digits, shape, text, isNamed }: National,
): boolean {
  if (callingCode === '1') {
    const isShaped = shape === '3 3 4' || (shape === '1 3 3 4' && digits.startsWith('1'))
    if (!isShaped && !(isNamed && /^1?\d{10}$/.test(digits))) return false
    return national.test(digits.length === 11 ? digits.slice(1) : digits)
  }
  if (digits.length < 9 || digits.length > 12) return false
  if (country === 'ES') return isSpanish(shape, isNamed) && /^[6789]/.test(digits) && national.test(digits)
  if (country === 'BR') return (/^\(\d\d\)/.test(text) || isNamed) && national.test(digits.replace(/^0/, ''))
  if (country === 'IN' && isNamed && /^[6-9]\d{9}$/.test(digits)) return national.test(digits)
  if (!/^0[1-9]/.test(digits) || shape === '3 2 4') return false
  // Of one group, or with a zero that stands alone, it is one only when it is said to be.
  if (!isNamed && (!shape.includes(' ') || shape.startsWith('1 '))) return false
  return national.test(country === 'IT' ? digits : digits.slice(1))
}

const isSpanish = (shape: string, isNamed: boolean): boolean =>
  isNamed || /^(?:3 3 3|3 2 2 2|2 3 2 2)$/.test(shape)
