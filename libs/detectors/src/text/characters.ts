/** Classes of UTF-16 units; a place beyond the text (NaN) is in none of them. */
export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
export const isLetter = (code: number): boolean => (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
export const isUpper = (code: number): boolean => code >= 0x41 && code <= 0x5a
export const isAlphanumeric = (code: number): boolean => isDigit(code) || isLetter(code)
export const isWord = (code: number): boolean => isAlphanumeric(code) || code === 0x5f || code >= 0xc0
export const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d)
export const isHex = (code: number): boolean =>
  isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66)

/** ASCII characters as a class; asked for each character of a text, so it is a table. */
export function classOf(characters: string): (code: number) => boolean {
  const table = new Uint8Array(128)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return (code) => table[code] === 1
}

export const alphanumerics = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A number may begin here: a digit that no digit or letter stands before. */
export const beginsNumber = (text: string, at: number): boolean =>
  isDigit(text.charCodeAt(at)) && !isWord(text.charCodeAt(at - 1))

/** A word may begin here. */
export const beginsWord = (text: string, at: number): boolean =>
  isWord(text.charCodeAt(at)) && !isWord(text.charCodeAt(at - 1))

/** Matches a sticky expression at a place. It must be one without unbounded repetition within another. */
export function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at
  return expression.exec(text) ?? undefined
}

const ibanBefore = /(?:^|[^A-Z0-9])[A-Z]{2}\d\d ?(?:[A-Z0-9]{4} ?){0,7}$/

/** Whether a number is the rest of a longer one: of groups of digits, or of an account's (IBAN). */
export function isRestOfNumber(text: string, at: number): boolean {
  if (isSpace(text.charCodeAt(at - 1)) && isDigit(text.charCodeAt(at - 2))) return true
  return ibanBefore.test(text.slice(Math.max(0, at - 40), at))
}

/** Whether one of some words stands at most some characters before a place. */
export function isAfter(words: RegExp, folded: string, at: number, distance = 48): boolean {
  return words.test(folded.slice(Math.max(0, at - distance), at))
}
