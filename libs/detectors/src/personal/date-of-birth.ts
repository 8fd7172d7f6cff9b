import { detectAt, type Candidate } from '../detector.js'
import { beginsWord, isAfter, isAlphanumeric, isWord, matchAt } from '../text/characters.js'

/** Words, in the folded text, after which a date is that of a birth. */
const born = new RegExp(
  [
    String.raw`\bborn\b|\bd\.?o\.?b\b|\bdate[ _-]?of[ _-]?birth|birth[ _-]?(?:date|day)|birthday|\bbday\b`,
    String.raw`\bgeb(?:\.|oren|urtsdatum|urtstag)|\bne(?:\(e\)|e)? (?:le|en)\b|date de naissance|naissance`,
    String.raw`nacid[oa]|nacio|nacimiento|nat[oa] (?:il|a|nel|l)\b|data di nascita|nascita|nascid[oa]|nasceu|nascimento`,
    String.raw`datenaissance|geburtstag|janm|जन्म`,
  ].join('|'),
)

const monthWords = [
  'jan(?:uary|uar|vier)?|enero|ene|gennaio|gen|janeiro',
  'feb(?:ruary|ruar|brero)?|fevrier|fev|febrero|febbraio|fevereiro',
  'mar(?:ch|s|zo|co)?|marz|maerz',
  'apr(?:il|ile)?|avril|avr|abril|abr',
  'may|mai|mayo|maggio|mag|maio',
  'june?|juni|juin|junio|giugno|giu|junho',
  'july?|juli|juillet|julio|luglio|lug|julho',
  'aug(?:ust)?|aout|agosto|ago',
  'sept?(?:ember|embre|tiembre|iembre)?|settembre|set(?:embro)?',
  'oct(?:ober|obre|ubre)?|okt(?:ober)?|ottobre|ott|out(?:ubro)?',
  'nov(?:ember|embre|iembre|embro)?',
  'dec(?:ember|embre)?|dez(?:ember|embro)?|diciembre|dic(?:embre)?',
]
const month = monthWords.join('|')
const of = "(?:[ ./-]|,? |\\. | de | di | of | d')"
const forms = [
  /(?<year>(?:19|20)\d\d)([-./])(?<month>\d\d?)\2(?<day>\d\d?)/y,
  /(?<day>\d\d?)([-./ ])(?<month>\d\d?)\2(?<year>(?:19|20)\d\d|\d\d)/y,
  new RegExp(
    `(?<day>\\d\\d?)(?:st|nd|rd|th|er|\\.|º|o)?${of}(?<word>${month})\\.?${of}(?<year>(?:19|20)\\d\\d)`,
    'y',
  ),
  new RegExp(`(?<word>${month})\\.? (?<day>\\d\\d?)(?:st|nd|rd|th)?,? (?<year>(?:19|20)\\d\\d)`, 'y'),
]

const longest = 32

/** Dates that are said to be those of a birth, in digits or with a month's name in seven languages. */
export const dateOfBirth = detectAt(
  longest,
  isAlphanumeric,
  ({ text, folded }, at): Candidate | undefined => {
    if (!beginsWord(text, at)) return undefined
    for (const form of forms) {
      const match = matchAt(form, folded, at)
      if (!match || isWord(text.charCodeAt(at + match[0].length)) || !isDate(match.groups ?? {})) continue
      if (!isAfter(born, folded, at, 40)) return undefined
      return { start: at, end: at + match[0].length, kind: '', confidence: 0.9 }
    }
    return undefined
  },
)

/** A day that there was: day and month in either order where both are digits. */
function isDate({ year = '', month: digits, word, day = '' }: Record<string, string | undefined>): boolean {
  const fullYear = year.length === 2 ? 1900 + Number(year) : Number(year)
  const number = word === undefined ? Number(digits) : monthOf(word)
  return isDay(fullYear, number, Number(day)) || (word === undefined && isDay(fullYear, Number(day), number))
}

const monthForms = monthWords.map((words) => new RegExp(`^(?:${words})$`))

const monthOf = (word: string): number => monthForms.findIndex((form) => form.test(word)) + 1

function isDay(year: number, monthNumber: number, day: number): boolean {
  const isRange = year >= 1900 && year <= 2099 && monthNumber >= 1 && monthNumber <= 12 && day >= 1
  return isRange && day <= new Date(Date.UTC(year, monthNumber, 0)).getUTCDate()
}
