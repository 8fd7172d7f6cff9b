import type { Document } from '../../conversation/dialect.js'
import { asList, asObject, asText } from '../../conversation/json.js'
import { openSignature, splitCallId } from '../../conversation/signature.js'
import { writeCallId } from './content-writer.js'

/**
 * A request of a conversation that another vendor has taken part in: its reasoning, which Anthropic
 * has not signed and so refuses, is left out, and ids of calls are the vendor's own.
 */
export function withoutSeals(document: Document): Document {
  if (!Array.isArray(document['messages'])) return document
  const messages = asList(document['messages']).flatMap((item) => {
    const message = asObject(item)
    if (!message || !Array.isArray(message['content'])) return [item]
    const content = asList(message['content']).flatMap((block) => unsealed(block))
    return content.length > 0 ? [{ ...message, content }] : []
  })
  return { ...document, messages }
}

function unsealed(item: unknown): unknown[] {
  const block = asObject(item)
  switch (block?.['type']) {
    case 'thinking':
    case 'redacted_thinking':
      return [block['signature'], block['data']].some((value) => openSignature(asText(value) ?? ''))
        ? []
        : [item]
    case 'tool_use':
      return [{ ...block, id: ownId(block['id']) }]
    case 'tool_result':
      return [{ ...block, tool_use_id: ownId(block['tool_use_id']) }]
    default:
      return [item]
  }
}

function ownId(value: unknown): unknown {
  const id = asText(value)
  return id === undefined ? value : writeCallId(splitCallId(id).id)
}
