import { isDigit } from '../text/characters.js'

/** Groups of digits with one separator between them. */
export interface DigitGroups {
  readonly groups: readonly string[]
  /** The end of each group. */
  readonly ends: readonly number[]
}

/** The groups that begin at a place, at most so many characters. */
export function groupsAt(text: string, at: number, separators: string, longest: number): DigitGroups {
  const groups: string[] = []
  const ends: number[] = []
  let position = at
  while (position - at < longest) {
    const start = position
    while (position - at < longest && isDigit(text.charCodeAt(position))) position++
    if (position === start) break
    groups.push(text.slice(start, position))
    ends.push(position)
    if (position >= text.length || !separators.includes(text.charAt(position))) break
    position++
  }
  return { groups, ends }
}

/** The check digit of payment cards and others, after Luhn. */
export function isLuhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 0x30
    const doubled = at % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
