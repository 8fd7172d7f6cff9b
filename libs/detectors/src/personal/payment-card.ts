import { detectAt, type Candidate, type Window } from '../detector.js'
import { beginsNumber, isAfter, isDigit, isRestOfNumber, isWord } from '../text/characters.js'
import { groupsAt, isLuhn } from './digit-groups.js'

/** The issuers by their first digits, with the lengths that their numbers have (ISO/IEC 7812). */
const issuers: readonly [RegExp, string][] = [
  [/^4(?:\d{12}|\d{15}|\d{18})$/, 'visa'],
  [/^(?:5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12})$/, 'mastercard'],
  [/^3[47]\d{13}$/, 'amex'],
  [/^(?:6011|65\d\d|64[4-9]\d)\d{12,15}$/, 'discover'],
  [/^3(?:0[0-5]|095|[689]\d)\d{11,13}$/, 'diners'],
  [/^(?:352[89]|35[3-8]\d)\d{12,15}$/, 'jcb'],
  [/^(?:62|81)\d{14,17}$/, 'unionpay'],
  [/^(?:5[06-8]\d|6[0-9]\d)\d{9,16}$/, 'maestro'],
]

/** 19 digits, each with a separator. */
const longest = 38

const card =
  /card|visa|master|amex|credit|debit|kart|carte|tarjeta|carta|cartao|\bpan\b|\bcc\b|payment|maestro/
const other =
  /order|invoice|tracking|isbn|imei|serial|ticket|case|ref|\bid\b|account|parcel|shipment|sku|hash|iban/

/** Numbers of payment cards with a right check digit, in the groups in which people write them. */
export const paymentCard = detectAt(
  longest + 2,
  isDigit,
  ({ text, folded }: Window, at): Candidate | undefined => {
    if (!beginsNumber(text, at) || /[.\-+/]/.test(text.charAt(at - 1)) || isRestOfNumber(text, at))
      return undefined
    // No card is written with less than four digits first.
    for (let next = at + 1; next < at + 4; next++) if (!isDigit(text.charCodeAt(next))) return undefined
    const { groups, ends } = groupsAt(text, at, ' -.', longest)
    for (let count = groups.length; count > 0; count--) {
      const number = groups.slice(0, count).join('')
      if (number.length < 12 || number.length > 19) continue
      if (!isLuhn(number) || !isGroupedAsCard(groups.slice(0, count))) continue
      const end = ends[count - 1] ?? at
      if (isWord(text.charCodeAt(end)) || (isDigit(text.charCodeAt(end + 1)) && text.charAt(end) === '.'))
        continue
      const issuer = issuers.find(([form]) => form.test(number))
      if (!issuer) continue
      const isNamed = isAfter(card, folded, at)
      // One random number in ten has a right check digit: what is named as something else is that.
      if (!isNamed && isAfter(other, folded, at, 24)) return undefined
      if (!isNamed && issuer[1] === 'maestro') continue
      return { start: at, end, kind: issuer[1], confidence: isNamed ? 0.99 : count > 1 ? 0.9 : 0.8 }
    }
    return undefined
  },
)

/** One group, or groups as on a card: of four, 4-6-5 (American Express), 4-6-4 (Diners). */
function isGroupedAsCard(groups: readonly string[]): boolean {
  const lengths = groups.map(({ length }) => length).join(' ')
  return /^(?:\d\d|4 6 [45]|(?:4 ){2,4}[1-4]|6 1[013]|8 8)$/.test(lengths)
}
