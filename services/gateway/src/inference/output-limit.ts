import { AppError } from '@weir/errors'
import type { ChatDocument } from '../dialects/openai-chat/chat-completions.js'

/** Both names that OpenAI has for it; the first is the newer, and the only one that its reasoning models take. */
const fields = ['max_completion_tokens', 'max_tokens'] as const

/**
 * Holds a request to the output tokens that its workspace may ask for: one that asks for more is
 * refused, since a shorter answer than was asked for would look like a fault of the model; one that does
 * not say gets the limit. Other vendors than OpenAI are told by the name that all of them know.
 * @throws AppError invalid_request
 */
export function limitOutput(
  document: ChatDocument,
  maxOutputTokens: number,
  providerType: string,
): ChatDocument {
  if (maxOutputTokens === 0) return document
  let isLimited = false
  for (const field of fields) {
    const asked = document[field]
    if (asked === undefined || asked === null) continue
    // Some vendors take -1, or what is no whole number, for no limit at all.
    if (!Number.isInteger(asked) || (asked as number) < 1 || (asked as number) > maxOutputTokens) {
      const reason = `${field}: must be a whole number from 1 to ${maxOutputTokens}, the max_output_tokens of the model ${document.model} in this workspace`
      throw AppError.of('invalid_request', { reason }, { param: field })
    }
    isLimited = true
  }
  if (isLimited) return document
  const field = providerType === 'openai' ? 'max_completion_tokens' : 'max_tokens'
  return { ...document, [field]: maxOutputTokens }
}
