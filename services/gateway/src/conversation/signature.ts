import type { DialectName, Signature } from './conversation.js'

const mark = '__sig_'
const makers: readonly DialectName[] = [
  'gemini',
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'bedrock-converse',
]

/**
 * A signature in the place that another dialect has for its own: whoever sends the conversation back
 * through Weir brings it home, and no other vendor is shown it.
 */
export function sealSignature(signature: Signature): string {
  const { by, value, isHidden, id } = signature
  const text = JSON.stringify([by, value, isHidden ? 1 : 0, id ?? ''])
  return `weir.${Buffer.from(text).toString('base64url')}`
}

/** The signature that was sealed; undefined: the text is no sealed signature, but the dialect's own. */
export function openSignature(text: string): Signature | undefined {
  if (!text.startsWith('weir.')) return undefined
  try {
    const fields: unknown = JSON.parse(Buffer.from(text.slice(5), 'base64url').toString())
    if (!Array.isArray(fields)) return undefined
    const [by, value, isHidden, id] = fields as unknown[]
    const maker = makers.find((name) => name === by)
    if (!maker || typeof value !== 'string') return undefined
    return {
      by: maker,
      value,
      ...(isHidden === 1 && { isHidden: true }),
      ...(typeof id === 'string' && id !== '' && { id }),
    }
  } catch {
    return undefined
  }
}

/**
 * The id of a tool call as its caller sees it: no dialect but Gemini's has a place for a call's
 * signature, and every client sends ids back as they came. Only letters, digits, `_` and `-`.
 */
export function joinCallId(id: string, signature: Signature | undefined): string {
  return signature ? `${id}${mark}${sealSignature(signature).slice(5)}` : id
}

/** The vendor's id and signature in an id that a caller sent back. */
export function splitCallId(text: string): { id: string; signature?: Signature } {
  const at = text.indexOf(mark)
  if (at < 0) return { id: text }
  const signature = openSignature(`weir.${text.slice(at + mark.length)}`)
  return signature ? { id: text.slice(0, at), signature } : { id: text }
}

/** Whether a request as it is written may have what another vendor has signed: then it is worth a look. */
export const mayHaveSeals = (body: string): boolean => body.includes('"weir.') || body.includes(mark)
