import type { Part } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asObject, asText, objectsOf } from '../../conversation/json.js'
import type { Reply, Stop } from '../../conversation/reply.js'
import { readCitation } from './citation.js'
import { readDocumentUsage } from './usage.js'

/** Reads an answer of Converse. Throws for what is none. */
export function readReply(document: Document): Reply {
  const message = asObject(asObject(document['output'])?.['message'])
  if (!message) throw new Error('The reply has no message.')
  const parts = objectsOf(message['content']).flatMap(readBlock)
  const stop = readStop(document, parts.some(isCall))
  const complaint = readComplaint(document, stop, parts.length === 0)
  const usage = readDocumentUsage(document)
  return {
    // Bedrock names neither its answers nor the model, and no time.
    id: '',
    model: '',
    created: Math.floor(Date.now() / 1000),
    choices: [{ parts: complaint ? [...parts, complaint] : parts, stop }],
    usage,
    ...(usage?.serviceTier !== undefined && { serviceTier: usage.serviceTier }),
  }
}

const isCall = (part: Part): boolean => part.type === 'tool_call'

/** The parts that a block of content is. */
export function readBlock(block: Document): Part[] {
  const text = asText(block['text'])
  if (text !== undefined) return text === '' ? [] : [{ type: 'text', text }]
  const reasoning = asObject(block['reasoningContent'])
  if (reasoning) return readReasoning(reasoning)
  const call = asObject(block['toolUse'])
  if (call && !isServerUse(call)) {
    return [
      {
        type: 'tool_call',
        id: asText(call['toolUseId']) ?? '',
        name: asText(call['name']) ?? '',
        arguments: JSON.stringify(call['input'] ?? {}),
      },
    ]
  }
  const cited = asObject(block['citationsContent'])
  if (cited) {
    return [
      {
        type: 'text',
        text: objectsOf(cited['content'])
          .map((part) => asText(part['text']) ?? '')
          .join(''),
        citations: objectsOf(cited['citations']).map(readCitation),
      },
    ]
  }
  return [
    { type: 'native', dialect: 'bedrock-converse', name: Object.keys(block)[0] ?? 'block', value: block },
  ]
}

/** A tool that Bedrock itself has run. */
export const isServerUse = (use: Document): boolean => use['type'] === 'server_tool_use'

function readReasoning(reasoning: Document): Part[] {
  const hidden = asText(reasoning['redactedContent'])
  if (hidden !== undefined) {
    return [
      { type: 'reasoning', text: '', signature: { by: 'bedrock-converse', value: hidden, isHidden: true } },
    ]
  }
  const told = asObject(reasoning['reasoningText'])
  const signature = asText(told?.['signature'])
  return [
    {
      type: 'reasoning',
      text: asText(told?.['text']) ?? '',
      ...(signature && { signature: { by: 'bedrock-converse' as const, value: signature } }),
    },
  ]
}

const reasons: Readonly<Record<string, Stop['reason']>> = {
  end_turn: 'end',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  stop_sequence: 'stop_sequence',
  guardrail_intervened: 'content_filter',
  content_filtered: 'content_filter',
  model_context_window_exceeded: 'context',
  refusal: 'refusal',
  pause_turn: 'pause',
}

/** Why an answer, or what a stream says at its stop, ended. */
export function readStop(document: Document, hasCalls: boolean): Stop {
  const name = asText(document['stopReason']) ?? 'end_turn'
  const sequence = asText(asObject(document['additionalModelResponseFields'])?.['stop_sequence'])
  const reason = reasons[name] ?? (hasCalls ? 'tool_calls' : 'end')
  return { reason, ...(reason === 'stop_sequence' && sequence !== undefined && { sequence }) }
}

/** What a model wrote that Bedrock could not read (malformed_tool_use, …) must not look like an empty answer. */
export function readComplaint(document: Document, stop: Stop, isEmpty: boolean): Part | undefined {
  const name = asText(document['stopReason']) ?? ''
  if (!isEmpty || !name.startsWith('malformed_')) return undefined
  stop.reason = 'refusal'
  return { type: 'refusal', text: `The model ended with ${name}.` }
}
