import type { Document } from './dialect.js'

/** Digits or an exponent that a double cannot hold; such a number must not be changed on its way. */
const inexactNumber = /\d{16}|\d[eE][+-]?\d{3}/

/** `JSON.rawJSON` and the reviver's source text (ES2025) are not in TypeScript's library yet. */
interface JsonWithSource {
  rawJSON(text: string): unknown
  isRawJSON(value: unknown): value is { rawJSON: string }
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
}
const json = JSON as unknown as JsonWithSource

/** A number that keeps its digits, which a double would round; see `parseJson`. */
export const isRawNumber = (value: unknown): value is { rawJSON: string } => json.isRawJSON(value)

/** Parses JSON; numbers keep their digits: what a double would round stays text until it is written again. */
export function parseJson(text: string): unknown {
  if (!inexactNumber.test(text)) return JSON.parse(text)
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' &&
    source !== undefined &&
    String(value) !== source &&
    inexactNumber.test(source)
      ? json.rawJSON(source)
      : value,
  )
}

/** The object that a JSON text is; undefined for everything else. */
export const parseObject = (text: string): Document | undefined => objectBy(parseJson, text)

/**
 * The object in an event of a stream. Its numbers are counts and indexes, which a double holds; ids in
 * every event look like numbers that it does not, and reading those exactly costs six times as much.
 */
export const parseEventData = (text: string): Document | undefined => objectBy(JSON.parse, text)

function objectBy(parse: (text: string) => unknown, text: string): Document | undefined {
  try {
    return asObject(parse(text))
  } catch {
    return undefined
  }
}

/** Undefined for what is no JSON object. */
export function asObject(value: unknown): Document | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
    ? (value as Document)
    : undefined
}

/** Empty for what is no list. */
export const asList = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])

/** The objects of a list; what else is in it is left out. */
export function objectsOf(value: unknown): Document[] {
  return asList(value)
    .map(asObject)
    .filter((item) => item !== undefined)
}

/** Undefined for what is no string. */
export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Undefined for what is no number. One that a double cannot hold is rounded. */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return isRawNumber(value) ? Number(value.rawJSON) : undefined
}

/** Undefined for what is no boolean. */
export const asBoolean = (value: unknown): boolean | undefined =>
  typeof value === 'boolean' ? value : undefined
