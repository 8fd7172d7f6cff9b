import { otherCallId } from '../../conversation/call-id.js'

const maxLength = 64

/** OpenAI takes no longer ids of calls than this; the same id is always shortened the same. */
export function shortCallId(id: string): string {
  return id.length <= maxLength ? id : otherCallId('call', id)
}
