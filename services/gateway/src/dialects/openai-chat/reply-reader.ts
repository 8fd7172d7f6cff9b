import { randomUUID } from 'node:crypto'
import type { Part, Signature, TextPart } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asList, asObject, asText, objectsOf } from '../../conversation/json.js'
import type { Choice, Reply } from '../../conversation/reply.js'
import { readAnnotations, thinkingText } from './message-reader.js'
import { readAnsweredReasoning } from './reasoning.js'
import { heldBy, readStop } from './stop.js'
import { createdOf, readDocumentUsage } from './usage.js'

/** Reads a chat completion. */
export function readReply(document: Document): Reply {
  const choices = objectsOf(document['choices'])
  // OpenRouter answers so with a status of 200.
  if (choices.length === 0 && asObject(document['error'])) throw new Error('its reply is an error.')
  if (choices.length === 0) throw new Error('its reply has no choices.')
  const serviceTier = asText(document['service_tier'])
  return {
    id: asText(document['id']) ?? '',
    model: asText(document['model']) ?? '',
    created: createdOf(document),
    choices: choices.map(readChoice),
    usage: readDocumentUsage(document),
    ...(serviceTier !== undefined && serviceTier !== '' && { serviceTier }),
  }
}

function readChoice(choice: Document): Choice {
  const message = asObject(choice['message'])
  if (!message) throw new Error('a choice of its reply has no message.')
  const parts = readAnswer(message)
  const logprobs = readLogprobs(choice)
  return {
    parts,
    stop: readStop(choice['finish_reason'], choice['stop_reason'], heldBy(parts)),
    ...(logprobs && { logprobs }),
  }
}

/** Log probabilities, when there are any. */
export function readLogprobs(choice: Document): Document | undefined {
  const logprobs = asObject(choice['logprobs'])
  return logprobs && (logprobs['content'] ?? logprobs['refusal'] ?? null) !== null ? logprobs : undefined
}

function readAnswer(message: Document): Part[] {
  const parts: Part[] = readAnsweredReasoning(message)
  parts.push(...readText(message))
  const refusal = asText(message['refusal'])
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', text: refusal })
  const audio = asObject(message['audio'])
  if (audio && asText(audio['data'])) {
    parts.push({ type: 'native', dialect: 'openai-chat', name: 'audio', value: audio })
  }
  parts.push(...objectsOf(message['tool_calls']).map(readCall))
  const call = asObject(message['function_call'])
  if (call && asText(call['name'])) parts.push(readCall({ function: call }))
  return parts
}

function readText(message: Document): Part[] {
  const { content } = message
  const parts: Part[] = []
  if (typeof content === 'string' && content !== '') parts.push({ type: 'text', text: content })
  for (const part of objectsOf(content)) {
    if (part['type'] === 'thinking') {
      parts.push({ type: 'reasoning', text: thinkingText(part), signature: { by: 'openai-chat', value: '' } })
    } else {
      const text = asText(part['text'])
      if (text !== undefined && text !== '') parts.push({ type: 'text', text })
    }
  }
  const citations = readAnnotations(message)
  const last = parts.findLast((part): part is TextPart => part.type === 'text')
  if (last && citations.length > 0) last.citations = citations
  return parts
}

function readCall(call: Document): Part {
  const found = asObject(call['function'])
  if (!found) {
    return { type: 'native', dialect: 'openai-chat', name: asText(call['type']) ?? 'tool_call', value: call }
  }
  const name = asText(found['name'])
  if (name === undefined || name === '') throw new Error('a tool call of its reply has no name.')
  const signature = callSignature(call)
  return {
    type: 'tool_call',
    id: asText(call['id']) || newCallId(),
    name,
    arguments: argumentsText(found['arguments']),
    ...(signature && { signature }),
  }
}

/** The id of a call that its vendor gave none. */
export const newCallId = (): string => `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`

/** JSON as the model wrote it; some vendors parse it. */
export function argumentsText(value: unknown): string {
  if (typeof value === 'string') return value
  return asObject(value) || asList(value).length > 0 ? JSON.stringify(value) : ''
}

/** Gemini's proof of a call, as Google's imitation of Chat Completions has it. */
export function callSignature(call: Document): Signature | undefined {
  const extra = asObject(call['extra_content'])
  return extra && { by: 'openai-chat', value: JSON.stringify(extra) }
}
