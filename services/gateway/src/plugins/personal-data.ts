import type { piiDetectors } from '@weir/plugin-settings'
import { isIPv6 } from 'node:net'
import { plainOf } from './plain-text.js'

export type PersonalDataKind = (typeof piiDetectors)[number]

/** Where personal data is in a text. */
export interface Found {
  readonly kind: PersonalDataKind
  readonly start: number
  /** The first character after it. */
  readonly end: number
}

/** No piece of personal data but an e-mail address is longer. */
export const longestSpaced = 48

/** Looks for one kind at one place. Returns the bounds of what it finds around it. */
type Scanner = (text: string, at: number) => { start: number; end: number } | undefined

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const isLetter = (code: number): boolean => (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
const isWord = (code: number): boolean => isDigit(code) || isLetter(code) || code === 0x5f

/** At the `@`. Each side is looked at up to its longest length, so that a row of them costs no square. */
const email: Scanner = (text, at) => {
  if (text[at] !== '@') return undefined
  let start = at
  while (start > 0 && at - start < 64 && isLocal(text.charCodeAt(start - 1))) start--
  while (start < at && text[start] === '.') start++
  let end = at + 1
  while (end < text.length && end - at <= 255 && isDomain(text.charCodeAt(end))) end++
  while (end > at + 1 && /[.-]/.test(text.charAt(end - 1))) end--
  const domain = text.slice(at + 1, end)
  const top = domain.slice(domain.lastIndexOf('.') + 1)
  return start < at && domain.includes('.', 1) && top.length >= 2 && isLetter(top.charCodeAt(0))
    ? { start, end }
    : undefined
}

const localMarks = new Set([...".!#$%&'*+/=?^_`{|}~-"].map((mark) => mark.charCodeAt(0)))
const isLocal = (code: number): boolean => isWord(code) || code > 0x7f || localMarks.has(code)
const isDomain = (code: number): boolean => isWord(code) || code > 0x7f || code === 0x2e || code === 0x2d

/** A row of groups of digits, at its first digit or sign. */
interface Groups {
  /** Bounds of each group. */
  bounds: { start: number; end: number }[]
  digits: string[]
}

/** Groups of digits with one separator in between, up to a number of characters. */
function groupsAt(text: string, at: number, separators: string): Groups {
  const groups: Groups = { bounds: [], digits: [] }
  let position = at
  while (position < text.length && position - at < longestSpaced) {
    const start = position
    while (position < text.length && position - at < longestSpaced && isDigit(text.charCodeAt(position)))
      position++
    if (position === start) break
    groups.bounds.push({ start, end: position })
    groups.digits.push(text.slice(start, position))
    if (!separators.includes(text.charAt(position)) || text.charAt(position) === '') break
    position++
  }
  return groups
}

const beginsNumber = (text: string, at: number): boolean =>
  isDigit(text.charCodeAt(at)) && !isDigit(text.charCodeAt(at - 1))

/** The lengths that the issuers' numbers have, by their first digits. */
const cards = /^(3[47]\d{13}|3[0689]\d{12,17}|4(\d{12}|\d{15}|\d{18})|5\d{15}|2\d{15}|6\d{11,18})$/

/** 12 to 19 digits in groups, with a right check digit. */
const paymentCard: Scanner = (text, at) => {
  if (!beginsNumber(text, at) || !/[2-6]/.test(text.charAt(at))) return undefined
  // No card is written in groups of less than four digits at its beginning.
  for (let next = at + 1; next < at + 4; next++) if (!isDigit(text.charCodeAt(next))) return undefined
  const { bounds, digits } = groupsAt(text, at, ' -')
  for (let count = digits.length; count > 0; count--) {
    const number = digits.slice(0, count).join('')
    const end = bounds[count - 1]?.end ?? at
    if (cards.test(number) && isLuhn(number) && !isDigit(text.charCodeAt(end))) return { start: at, end }
  }
  return undefined
}

function isLuhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at])
    const doubled = at % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0 && /[1-9]/.test(digits)
}

/** Characters of an IBAN by country (the SWIFT registry). */
const ibanLengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 ' +
    'EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 ' +
    'KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 ' +
    'PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 ' +
    'UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

const iban: Scanner = (text, at) => {
  if (!isLetter(text.charCodeAt(at)) || isWord(text.charCodeAt(at - 1))) return undefined
  const length = ibanLengths[text.slice(at, at + 2).toUpperCase()]
  if (length === undefined || !isDigit(text.charCodeAt(at + 2)) || !isDigit(text.charCodeAt(at + 3)))
    return undefined
  let characters = ''
  let end = at
  for (; end < text.length && characters.length < length; end++) {
    const code = text.charCodeAt(end)
    if (isDigit(code) || isLetter(code)) characters += text.charAt(end).toUpperCase()
    else if (!' -'.includes(text.charAt(end)) || ' -'.includes(text.charAt(end - 1))) return undefined
  }
  return characters.length === length && !isWord(text.charCodeAt(end)) && isRemainderOne(characters)
    ? { start: at, end }
    : undefined
}

/** ISO 7064: the country and check digits go last, letters count from 10, and the rest by 97 is 1. */
function isRemainderOne(characters: string): boolean {
  let rest = 0
  for (const character of characters.slice(4) + characters.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

const phoneMarks = new Set([...' .-()/'].map((mark) => mark.charCodeAt(0)))
const longestPhone = 25

/** With a country's code, or in the groups in which numbers are written: not any row of digits. */
const phone: Scanner = (text, at) => {
  const sign = text.charCodeAt(at)
  const next = text.charCodeAt(at + 1)
  const isMarked = sign === 0x2b || sign === 0x28
  const isNumber = isMarked ? isDigit(next) || (sign === 0x2b && next === 0x28) : beginsNumber(text, at)
  if (!isNumber || isWord(text.charCodeAt(at - 1)) || /[.+-]/.test(text.charAt(at - 1))) return undefined
  let end = at
  const groups: number[] = []
  let isOpen = false
  for (
    let position = isMarked ? at + 1 : at;
    position < text.length && position - at < longestPhone;
    position++
  ) {
    const code = text.charCodeAt(position)
    if (isDigit(code)) {
      if (isOpen) groups.push((groups.pop() ?? 0) + 1)
      else groups.push(1)
      isOpen = true
      end = position + 1
    } else {
      // Two signs together are those around brackets, and no line.
      const isTwice = code === text.charCodeAt(position - 1) && code !== 0x28
      if (!phoneMarks.has(code) || isTwice) break
      isOpen = false
    }
  }
  if (isWord(text.charCodeAt(end))) return undefined
  return isPhone(groups, sign === 0x2b, text.slice(at, end)) ? { start: at, end } : undefined
}

function isPhone(groups: readonly number[], hasPlus: boolean, text: string): boolean {
  const digits = groups.reduce((sum, group) => sum + group, 0)
  if (hasPlus) return digits >= 8 && digits <= 15
  const shape = groups.join(' ')
  if (shape === '3 3 4') return true
  if (shape === '1 3 3 4') return text.startsWith('1')
  // Of a country that writes a zero before the area's code.
  return (
    /^\(?0(?!00)/.test(text) &&
    digits >= 9 &&
    digits <= 12 &&
    groups.length >= 2 &&
    (groups[0] ?? 0) >= 2 &&
    shape !== '3 2 4'
  )
}

const isHex = (code: number): boolean => isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66)

const ipAddress: Scanner = (text, at) => {
  const before = text.charCodeAt(at - 1)
  if (isWord(before) || before === 0x2e || before === 0x3a) return undefined
  let end = at
  let marks = 0
  for (; end < text.length && end - at < 46; end++) {
    const code = text.charCodeAt(end)
    if (code === 0x2e || code === 0x3a) marks++
    else if (!isHex(code)) break
  }
  if (marks < 2 || isWord(text.charCodeAt(end))) return undefined
  while (text[end - 1] === '.') end--
  let address = text.slice(at, end)
  if (/^\d{1,3}(\.\d{1,3}){3}(:\d+)?$/.test(address)) {
    address = address.split(':')[0] ?? ''
    return address.split('.').every((part) => Number(part) <= 255)
      ? { start: at, end: at + address.length }
      : undefined
  }
  while (address.endsWith(':') && !address.endsWith('::')) address = address.slice(0, -1)
  return address.length > 3 && /\d/.test(address) && isIPv6(address)
    ? { start: at, end: at + address.length }
    : undefined
}

const usSsn: Scanner = (text, at) => {
  if (!beginsNumber(text, at) || text[at - 1] === '-') return undefined
  const number = text.slice(at, at + 11)
  const isRight = /^(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}$/.test(number)
  return isRight && !/[\w-]/.test(text.charAt(at + 11)) ? { start: at, end: at + 11 } : undefined
}

const scanners: Readonly<Record<PersonalDataKind, Scanner>> = {
  ...{ email, iban, payment_card: paymentCard, us_ssn: usSsn, ip_address: ipAddress, phone },
}

/** By what each kind begins, an e-mail address by its middle. What is surer stands first. */
const startsWith: Readonly<Record<PersonalDataKind, readonly CharacterClass[]>> = {
  email: ['at'],
  iban: ['letter'],
  payment_card: ['digit'],
  us_ssn: ['digit'],
  ip_address: ['digit', 'letter', 'colon'],
  phone: ['digit', 'bracket'],
}

type CharacterClass = 'at' | 'letter' | 'digit' | 'colon' | 'bracket' | 'other'

function classOf(code: number): CharacterClass {
  if (isDigit(code)) return 'digit'
  if (isLetter(code)) return 'letter'
  if (code === 0x40) return 'at'
  if (code === 0x3a) return 'colon'
  return code === 0x2b || code === 0x28 ? 'bracket' : 'other'
}

function startsOf(
  kinds: ReadonlySet<PersonalDataKind>,
): Partial<Record<CharacterClass, readonly PersonalDataKind[]>> {
  const starts: Partial<Record<CharacterClass, PersonalDataKind[]>> = {}
  for (const [kind, classes] of Object.entries(startsWith)) {
    if (!kinds.has(kind as PersonalDataKind)) continue
    for (const each of classes) (starts[each] ??= []).push(kind as PersonalDataKind)
  }
  return starts
}

/**
 * Finds personal data, in the order of its places, in time that grows with the text alone. Characters
 * that nobody sees, and wide forms of digits and letters, hide nothing.
 */
export function findPersonalData(text: string, kinds: ReadonlySet<PersonalDataKind>): Found[] {
  const { plain, places } = plainOf(text)
  const chosen = startsOf(kinds)
  const found: Found[] = []
  let free = 0
  for (let at = 0; at < plain.length; at++) {
    const candidates = chosen[classOf(plain.charCodeAt(at))]
    if (!candidates) continue
    for (const kind of candidates) {
      const bounds = scanners[kind](plain, at)
      if (!bounds || bounds.start < free) continue
      found.push({ kind, ...bounds })
      free = bounds.end
      at = bounds.end - 1
      break
    }
  }
  return places
    ? found.map(({ kind, start, end }) => ({
        kind,
        start: placeAt(places, start),
        end: placeAt(places, end - 1) + 1,
      }))
    : found
}

const placeAt = (places: readonly number[], at: number): number => places[at] ?? 0
