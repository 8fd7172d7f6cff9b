import type { Part } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asNumber, asObject, asText, objectsOf } from '../../conversation/json.js'
import type { Reply, Stop } from '../../conversation/reply.js'
import { readAnnotation } from './annotation.js'
import { argumentsOfInput } from './custom-tool.js'
import { readFailure } from './errors.js'
import { readReasoning } from './item-reader.js'
import { readResponseUsage } from './usage.js'

/** Reads a response. Throws for what is none, and for one that failed or is not finished. */
export function readReply(document: Document): Reply {
  if (!Array.isArray(document['output'])) throw new Error('The reply has no output.')
  const status = asText(document['status']) ?? 'completed'
  if (status === 'failed') throw new Error(readFailure(document).message)
  if (status !== 'completed' && status !== 'incomplete') throw new Error(`The response is ${status}.`)
  const items = objectsOf(document['output'])
  const parts = items.flatMap(readItem)
  const logprobs = items.flatMap((item) =>
    item['type'] === 'message'
      ? objectsOf(item['content']).flatMap(({ logprobs }) => objectsOf(logprobs))
      : [],
  )
  const serviceTier = asText(document['service_tier'])
  return {
    ...readHead(document),
    choices: [
      {
        parts,
        stop: readStop(document, parts),
        ...(logprobs.length > 0 && { logprobs: { content: logprobs, refusal: null } }),
      },
    ],
    usage: readResponseUsage(document),
    ...(serviceTier !== undefined && { serviceTier }),
  }
}

export function readHead(response: Document): Pick<Reply, 'id' | 'model' | 'created'> {
  return {
    id: asText(response['id']) ?? '',
    model: asText(response['model']) ?? '',
    created: Math.floor(asNumber(response['created_at']) ?? Date.now() / 1000),
  }
}

/** The parts that an item of a response's output is. */
export function readItem(item: Document): Part[] {
  const type = asText(item['type']) ?? ''
  switch (type) {
    case 'message':
      return objectsOf(item['content']).map(readContentPart)
    case 'function_call':
    case 'custom_tool_call':
      return [
        {
          type: 'tool_call',
          id: asText(item['call_id']) ?? asText(item['id']) ?? '',
          name: asText(item['name']) ?? '',
          arguments:
            type === 'function_call'
              ? (asText(item['arguments']) ?? '')
              : argumentsOfInput(asText(item['input']) ?? ''),
        },
      ]
    case 'reasoning': {
      const part = readReasoning(item)
      return part.text === '' && !part.signature ? [] : [part]
    }
    default:
      return [{ type: 'native', dialect: 'openai-responses', name: type, value: item }]
  }
}

/** A part of a message that the model wrote. */
export function readContentPart(part: Document): Part {
  const type = asText(part['type']) ?? ''
  if (type === 'refusal') return { type, text: asText(part['refusal']) ?? '' }
  if (type !== 'output_text') return { type: 'native', dialect: 'openai-responses', name: type, value: part }
  const citations = objectsOf(part['annotations']).map(readAnnotation)
  return { type: 'text', text: asText(part['text']) ?? '', ...(citations.length > 0 && { citations }) }
}

/** Why a response that is over ended. */
export function readStop(response: Document, parts: Pick<Part, 'type'>[]): Stop {
  if (response['status'] === 'incomplete') {
    const reason = asObject(response['incomplete_details'])?.['reason']
    return { reason: reason === 'content_filter' ? 'content_filter' : 'length' }
  }
  if (parts.some(({ type }) => type === 'tool_call')) return { reason: 'tool_calls' }
  return { reason: parts.some(({ type }) => type === 'refusal') ? 'refusal' : 'end' }
}
