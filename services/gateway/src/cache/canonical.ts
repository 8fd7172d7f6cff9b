import { createHash } from 'node:crypto'

/** `JSON.isRawJSON` (ES2025) is not in TypeScript's library yet. */
const json = JSON as unknown as { isRawJSON(value: unknown): value is { rawJSON: string } }

/** JSON with the fields of every object in one order: the same for all ways to write the same. */
export function toCanonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(',')}]`
  // A number that a double would round is kept as its text.
  if (json.isRawJSON(value)) return value.rawJSON
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
