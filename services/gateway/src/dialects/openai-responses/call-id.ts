import { createHash } from 'node:crypto'

const maxLength = 64

/** OpenAI takes no longer ids of calls than this; the same id is always shortened the same. */
export function shortCallId(id: string): string {
  if (id.length <= maxLength) return id
  return `call_${createHash('sha256').update(id).digest('hex').slice(0, 40)}`
}
