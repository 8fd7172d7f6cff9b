import type { ReasoningPart, Signature } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asText, objectsOf, parseObject } from '../../conversation/json.js'
import { openSignature, sealSignature } from '../../conversation/signature.js'

/**
 * Chat Completions has no place for reasoning; vendors made two: `reasoning_content` (or `reasoning`),
 * its text, and OpenRouter's `reasoning_details`, with signatures. LiteLLM's clients send
 * `thinking_blocks`. Read are all, written are the first two.
 */
const anthropicFormat = 'anthropic-claude-v1'

/** Of a message that a caller sends back. */
export function readSentReasoning(message: Document): ReasoningPart[] {
  const blocks = objectsOf(message['thinking_blocks'])
  if (blocks.length > 0) return blocks.flatMap(readThinkingBlock)
  const details = objectsOf(message['reasoning_details'])
  if (details.length > 0) return details.map(readSentDetail)
  const text = plainText(message)
  return text === '' ? [] : [{ type: 'reasoning', text }]
}

/** Of an answer: whatever the vendor said of it can go back to that vendor, and to no other. */
export function readAnsweredReasoning(message: Document): ReasoningPart[] {
  const details = objectsOf(message['reasoning_details']).map((detail): ReasoningPart => {
    return { ...partOf(detail), signature: ownSignature(detail) }
  })
  if (details.some(({ text, signature }) => text !== '' || signature?.isHidden)) return details
  const text = plainText(message)
  return text === '' ? [] : [{ type: 'reasoning', text, signature: { by: 'openai-chat', value: '' } }]
}

/** The text that a message or a delta has in one of the plain fields. */
export const plainText = (message: Document): string =>
  asText(message['reasoning_content']) ?? asText(message['reasoning']) ?? ''

/** The text in an entry of `reasoning_details`. */
export const detailText = (detail: Document): string =>
  asText(detail['text']) ?? asText(detail['summary']) ?? ''

/** What a vendor says of a piece of reasoning besides its text. */
export function ownSignature(detail: Document): Signature {
  const { text: _text, summary: _summary, ...rest } = detail
  const isHidden = detail['type'] === 'reasoning.encrypted'
  return { by: 'openai-chat', value: JSON.stringify(rest), ...(isHidden && { isHidden }) }
}

/** The entry of `reasoning_details` that callers get for a part. */
export function writeDetail(part: ReasoningPart, index: number): Document {
  const { signature, text } = part
  if (signature?.by === 'openai-chat') return { ...parseObject(signature.value), ...textOf(part), index }
  const isAnthropic = signature?.by === 'anthropic-messages'
  const format = isAnthropic ? anthropicFormat : null
  const value = signature && (isAnthropic ? signature.value : sealSignature(signature))
  if (signature?.isHidden && text === '') return { type: 'reasoning.encrypted', data: value, format, index }
  return { ...textOf(part), ...(value !== undefined && { signature: value }), format, index }
}

/** What of a turn's reasoning goes back to the chat vendor that made it. */
export function writeSentReasoning(parts: ReasoningPart[]): Document {
  const own = parts.filter(({ signature }) => signature?.by === 'openai-chat')
  const details = own.flatMap((part) => {
    const detail = parseObject(part.signature?.value ?? '')
    return detail ? [{ ...detail, ...(part.text !== '' && textOf(part)) }] : []
  })
  if (details.length > 0) return { reasoning_details: details }
  const text = own.map((part) => part.text).join('')
  return text === '' ? {} : { reasoning_content: text }
}

const textOf = ({ text, isSummary }: ReasoningPart): Document =>
  isSummary ? { type: 'reasoning.summary', summary: text } : { type: 'reasoning.text', text }

function partOf(detail: Document): ReasoningPart {
  const isSummary = detail['type'] === 'reasoning.summary'
  return { type: 'reasoning', text: detailText(detail), ...(isSummary && { isSummary }) }
}

function readSentDetail(detail: Document): ReasoningPart {
  const isHidden = detail['type'] === 'reasoning.encrypted'
  const value = asText(isHidden ? detail['data'] : detail['signature'])
  const sealed = value === undefined ? undefined : openSignature(value)
  const isAnthropic = value !== undefined && value !== '' && detail['format'] === anthropicFormat
  const signature: Signature =
    sealed ??
    (isAnthropic ? { by: 'anthropic-messages', value, ...(isHidden && { isHidden }) } : ownSignature(detail))
  return { ...partOf(detail), signature }
}

function readThinkingBlock(block: Document): ReasoningPart[] {
  const isHidden = block['type'] === 'redacted_thinking'
  const value = asText(isHidden ? block['data'] : block['signature'])
  const text = asText(block['thinking']) ?? ''
  if (value === undefined || value === '') return text === '' ? [] : [{ type: 'reasoning', text }]
  const signature = openSignature(value) ?? {
    by: 'anthropic-messages',
    value,
    ...(isHidden && { isHidden: true }),
  }
  return [{ type: 'reasoning', text, signature }]
}
