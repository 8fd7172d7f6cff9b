import type { Document } from '../../conversation/dialect.js'
import { asObject, asText } from '../../conversation/json.js'
import { mayHaveSeals, openSignature, splitCallId } from '../../conversation/signature.js'
import { shortCallId } from './call-id.js'
import { madeHere } from './response-object.js'

/** Whether a request as it is written may have what Weir put into an answer of another vendor. */
export const mayBeTranslated = (body: string): boolean => mayHaveSeals(body) || body.includes(`_${madeHere}`)

/**
 * A request of a conversation that another vendor has taken part in: its thoughts and their proofs are
 * for that vendor alone, and OpenAI looks for items by their ids, of which it knows only its own.
 */
export function withoutSeals(document: Document): Document {
  const { input } = document
  if (!Array.isArray(input)) return document
  return {
    ...document,
    input: input.flatMap((value: unknown) => {
      const item = asObject(value)
      return item ? unsealed(item) : [value]
    }),
  }
}

function unsealed(item: Document): Document[] {
  const shown = { ...item }
  if (isMadeHere(item)) delete shown['id']
  if (item['type'] === 'reasoning') return unsealedReasoning(item, shown)
  const callId = asText(item['call_id'])
  if (callId !== undefined) shown['call_id'] = shortCallId(splitCallId(callId).id)
  return [shown]
}

const ours = new RegExp(`^[a-z]+_${madeHere}`)
const isMadeHere = ({ id }: Document): boolean => ours.test(asText(id) ?? '')

function unsealedReasoning(item: Document, shown: Document): Document[] {
  const value = asText(item['encrypted_content'])
  const signature = value === undefined ? undefined : openSignature(value)
  if (signature?.by === 'openai-responses') {
    return [{ ...shown, id: signature.id ?? shown['id'], encrypted_content: signature.value }]
  }
  // A thought of another vendor, or one without a proof that OpenAI has never heard of.
  return signature || (isMadeHere(item) && !value) ? [] : [shown]
}
