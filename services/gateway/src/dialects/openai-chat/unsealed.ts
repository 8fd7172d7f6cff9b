import type { Document } from '../../conversation/dialect.js'
import { asList, asObject, asText, objectsOf } from '../../conversation/json.js'
import { openSignature, splitCallId } from '../../conversation/signature.js'
import { writeCallId } from './message-writer.js'

/** Fields in which callers get reasoning and send it back; OpenAI has none of them, and refuses them. */
const ofReasoning = ['reasoning_content', 'reasoning_details', 'reasoning', 'thinking_blocks']

/**
 * A request of a conversation that another vendor has taken part in: its signatures are for that vendor
 * alone, and ids of calls that carry them are longer than OpenAI takes.
 */
export function withoutSeals(document: Document, isOpenAi: boolean): Document {
  if (!Array.isArray(document['messages'])) return document
  const messages = asList(document['messages']).map((item) => {
    const message = asObject(item)
    return message ? unsealed(message, isOpenAi) : item
  })
  return { ...document, messages }
}

function unsealed(message: Document, isOpenAi: boolean): Document {
  const shown = { ...message }
  if (isOpenAi) for (const field of ofReasoning) delete shown[field]
  const details = asList(shown['reasoning_details'])
  if (details.length > 0)
    shown['reasoning_details'] = details.filter((detail) => !isSealed(asObject(detail) ?? {}))
  const id = asText(shown['tool_call_id'])
  if (id !== undefined) shown['tool_call_id'] = writeCallId(splitCallId(id).id)
  const calls = objectsOf(shown['tool_calls'])
  if (calls.length > 0)
    shown['tool_calls'] = calls.map((call) => {
      const callId = asText(call['id'])
      return callId === undefined ? call : { ...call, id: writeCallId(splitCallId(callId).id) }
    })
  return shown
}

const isSealed = (detail: Document): boolean =>
  [detail['signature'], detail['data']].some((value) => openSignature(asText(value) ?? '') !== undefined)
