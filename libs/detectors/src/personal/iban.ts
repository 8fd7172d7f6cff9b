import isIBAN from 'validator/lib/isIBAN.js'
import { detectAt, type Candidate } from '../detector.js'
import { isAlphanumeric, isLetter, isWord, isDigit } from '../text/characters.js'

/** 34 characters in groups of four. */
const longest = 34 + 9

/** International bank account numbers: the form of their country, and the check digits of ISO 7064. */
export const iban = detectAt(longest + 1, isLetter, ({ text }, at): Candidate | undefined => {
  const isBegin =
    !isWord(text.charCodeAt(at - 1)) &&
    isLetter(text.charCodeAt(at + 1)) &&
    isDigit(text.charCodeAt(at + 2)) &&
    isDigit(text.charCodeAt(at + 3))
  if (!isBegin) return undefined
  let characters = ''
  /** Where a group ends the number may end. */
  const ends: { end: number; characters: string }[] = []
  let position = at
  for (; position - at < longest; position++) {
    const code = text.charCodeAt(position)
    if (isAlphanumeric(code)) characters += text.charAt(position).toUpperCase()
    else {
      ends.push({ end: position, characters })
      if (!' -.'.includes(text.charAt(position)) || !isAlphanumeric(text.charCodeAt(position + 1))) break
    }
  }
  for (const { end, characters: number } of ends.reverse()) {
    if (number.length < 15 || number.length > 34 || isWord(text.charCodeAt(end))) continue
    if (isRemainderOne(number) && isIban(number)) return { start: at, end, kind: number.slice(0, 2).toLowerCase(), confidence: 1 }
  }
  return undefined
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
