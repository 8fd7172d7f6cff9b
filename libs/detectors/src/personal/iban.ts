import isIBAN from 'validator/lib/isIBAN.js'
import { detectAt, type Candidate } from '../detector.js'
import { isAlphanumeric, isDigit, isLetter, isWord } from '../text/characters.js'

/** Characters of a number by its country (the SWIFT registry), which say where it ends. */
const lengths: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 DZ26 EE20 EG29 ES24 ' +
    'FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 MA28 MC27 MD24 ME22 MK19 MR27 MT31 MU30 MZ25 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 ' +
    'SA24 SC31 SE24 SI19 SK24 SM27 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

/** 34 characters in groups of four. */
const longest = 34 + 9

/** International bank account numbers: the form of their country, and the check digits of ISO 7064. */
export const iban = detectAt(longest + 1, isLetter, ({ text }, at): Candidate | undefined => {
  if (
    isWord(text.charCodeAt(at - 1)) ||
    !isDigit(text.charCodeAt(at + 2)) ||
    !isDigit(text.charCodeAt(at + 3))
  ) {
    return undefined
  }
  const length = lengths.get(text.slice(at, at + 2).toUpperCase())
  if (length === undefined) return undefined
  let number = ''
  let end = at
  for (; number.length < length; end++) {
    if (isAlphanumeric(text.charCodeAt(end))) number += text.charAt(end).toUpperCase()
    else if (!/[ .-]/.test(text.charAt(end)) || !isAlphanumeric(text.charCodeAt(end + 1))) return undefined
  }
  const isRight = !isWord(text.charCodeAt(end)) && isRemainderOne(number) && isIban(number)
  return isRight ? { start: at, end, kind: number.slice(0, 2).toLowerCase(), confidence: 1 } : undefined
})

const isIban: (number: string) => boolean = isIBAN.default ?? isIBAN

/** ISO 7064: the country and check digits go last, letters count from 10, and the rest by 97 is 1. */
function isRemainderOne(number: string): boolean {
  let rest = 0
  for (let at = 0; at < number.length; at++) {
    const code = number.charCodeAt((at + 4) % number.length)
    rest = isDigit(code) ? (rest * 10 + code - 0x30) % 97 : (rest * 100 + code - 0x37) % 97
  }
  return rest === 1
}
