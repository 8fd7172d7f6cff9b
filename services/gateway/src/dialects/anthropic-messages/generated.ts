import { asObject } from '../../conversation/json.js'

/** What of a block or a delta the model has written. */
const fields = ['text', 'thinking', 'partial_json', 'input', 'content'] as const

/** Bytes of what a block or a delta generates. */
export function generatedBytes(value: unknown): number {
  const found = asObject(value)
  if (!found) return 0
  return fields.reduce((sum, field) => {
    const part = found[field]
    if (part === undefined || part === null) return sum
    return sum + Buffer.byteLength(typeof part === 'string' ? part : JSON.stringify(part))
  }, 0)
}
