import { createHash } from 'node:crypto'
import { isRawNumber } from '../conversation/json.js'

/** JSON with the fields of every object in one order: the same for all ways to write the same. */
export function toCanonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(',')}]`
  // A number that a double would round is kept as its text.
  if (isRawNumber(value)) return value.rawJSON
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${toCanonicalJson(field)}`)
  return `{${fields.join(',')}}`
}

/** SHA-256 in hexadecimal of texts that cannot run into each other. */
export function digestOf(...texts: string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex')
}
