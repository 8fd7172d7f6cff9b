import { AppError } from '@weir/errors'
import type { OutputTerms, RequestDocument } from './endpoint.js'

/**
 * Holds a request to the output tokens that its workspace may ask for: one that asks for more is
 * refused, since a shorter answer than was asked for would look like a fault of the model; one that does
 * not say gets the limit.
 * @throws AppError invalid_request
 */
export function limitOutput(
  document: RequestDocument,
  maxOutputTokens: number,
  terms: OutputTerms,
  providerType: string,
): RequestDocument {
  if (maxOutputTokens === 0 || terms.fields.length === 0) return document
  let isLimited = false
  for (const field of terms.fields) {
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
  return { ...document, [terms.fieldFor(providerType)]: maxOutputTokens }
}
