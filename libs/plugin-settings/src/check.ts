/** Says what is wrong with a value; undefined: nothing. */
export type Check = (value: unknown) => string | undefined

/** What a plugin's settings are made of: a check for each field; `?` at the end of a name: it may be left out. */
export type Fields = Readonly<Record<string, Check>>

// Control characters end up in headers and logs; line breaks and tabs are part of a prompt.
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\p{Surrogate}/u

/** A text of some length. */
export const text =
  ({ minLength = 1, maxLength }: { minLength?: number; maxLength: number }): Check =>
  (value) => {
    if (typeof value !== 'string') return 'must be a string'
    if (value.trim() === '') return 'may not be empty'
    if (value.length < minLength) return `must have at least ${minLength} characters`
    if (value.length > maxLength) return `must have at most ${maxLength} characters`
    return unprintable.test(value) ? 'may not contain control characters' : undefined
  }

/** A number in a range, which are both in it. */
export const numberFrom =
  (min: number, max: number, kind: 'whole' | 'any' = 'any'): Check =>
  (value) => {
    const isOfKind =
      typeof value === 'number' && Number.isFinite(value) && (kind === 'any' || Number.isInteger(value))
    const isIn = isOfKind && value >= min && value <= max
    return isIn ? undefined : `must be a ${kind === 'whole' ? 'whole ' : ''}number from ${min} to ${max}`
  }

/** Yes or no. */
export const truth: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false')

/** One of a few words. */
export const wordOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string) ? undefined : `must be one of ${words.join(', ')}`

/** A set of words, at least one. */
export const wordsOf =
  (...words: readonly string[]): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length === 0) return `must be a list of ${words.join(', ')}`
    const mistake = value.map(wordOf(...words)).find((found) => found !== undefined)
    return mistake ?? (new Set(value).size < value.length ? 'has an entry twice' : undefined)
  }

/** An object with fields of its own. */
export const objectOf =
  (fields: Fields): Check =>
  (value) => {
    const [mistake] = isObject(value) ? findMistakes(fields, value) : [undefined]
    if (!isObject(value)) return 'must be an object'
    return mistake && `${mistake.field} ${mistake.message}`
  }

/** What is wrong with one field of settings. */
export interface Mistake {
  field: string
  message: string
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** All that is wrong with an object; what it has no field for is wrong too. */
export function findMistakes(fields: Fields, settings: Record<string, unknown>): Mistake[] {
  const known = new Map(Object.entries(fields).map(([name, check]) => [name.replace(/\?$/, ''), check]))
  const mistakes: Mistake[] = Object.keys(settings)
    .filter((name) => !known.has(name))
    .map((field) => ({ field, message: 'is not known here' }))
  for (const [name, check] of known) {
    const isGiven = Object.hasOwn(settings, name)
    const message = isGiven ? check(settings[name]) : Object.hasOwn(fields, name) ? 'is required' : undefined
    if (message !== undefined) mistakes.push({ field: name, message })
  }
  return mistakes
}
