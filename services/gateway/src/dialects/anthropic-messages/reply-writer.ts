import { randomUUID } from 'node:crypto'
import type { Citation, Part, ReasoningPart, ToolCallPart } from '../../conversation/conversation.js'
import type { Document, Naming } from '../../conversation/dialect.js'
import { asNumber, asObject, parseObject } from '../../conversation/json.js'
import type { Reply, Stop } from '../../conversation/reply.js'
import { joinCallId, sealSignature } from '../../conversation/signature.js'
import { writeCallId } from './content-writer.js'
import { writeStop } from './stop.js'
import { writeUsage } from './usage.js'

/** Writes a message. */
export function writeReply(reply: Reply, { model }: Naming): Document {
  const [choice] = reply.choices
  if (!choice) throw new Error('its reply has no choices.')
  const refusal = choice.parts.flatMap((part) => (part.type === 'refusal' ? [part.text] : [])).join('')
  return {
    ...writeHead(reply.id, model),
    content: choice.parts.flatMap((part) => writeBlock(part, choice.stop)),
    ...writeStop(choice.stop, refusal),
    usage: writeUsage(reply.usage),
  }
}

/** A message without its content and its end. */
export function writeHead(id: string, model: string): Document {
  return {
    id: id === '' ? `msg_${randomUUID().replaceAll('-', '')}` : id,
    type: 'message',
    role: 'assistant',
    model,
    container: null,
    diagnostics: null,
  }
}

/** Sound, images, and what only another vendor understands have no place in an answer. */
function writeBlock(part: Part, stop: Stop): Document[] {
  switch (part.type) {
    case 'text': {
      const citations = part.citations?.flatMap(writeCitation) ?? []
      return part.text === ''
        ? []
        : [{ type: 'text', text: part.text, citations: citations.length > 0 ? citations : null }]
    }
    case 'refusal':
      return [{ type: 'text', text: part.text, citations: null }]
    case 'reasoning':
      return [writeThinking(part)]
    case 'tool_call':
      return [{ ...writeCall(part), input: readInput(part.arguments, stop) }]
    case 'native':
      return part.dialect === 'anthropic-messages' ? [part.value] : []
    default:
      return []
  }
}

/** A call as it begins; the signature of another vendor travels in the id. */
export function writeCall({
  id,
  name,
  signature,
}: Pick<ToolCallPart, 'id' | 'name' | 'signature'>): Document {
  const caller = { type: 'direct' }
  return { type: 'tool_use', id: joinCallId(writeCallId(id), signature), name, input: {}, caller }
}

/** Thinking, with whatever proof of it another vendor gave. */
export function writeThinking({ text, signature }: ReasoningPart): Document {
  const isOwn = signature?.by === 'anthropic-messages'
  const value = signature ? (isOwn ? signature.value : sealSignature(signature)) : ''
  return signature?.isHidden && text === ''
    ? { type: 'redacted_thinking', data: value }
    : { type: 'thinking', thinking: text, signature: value }
}

/** Anthropic's own as they were, through Bedrock too; pages of other vendors as what its search finds. */
export function writeCitation({ native, url, title, citedText }: Citation): Document[] {
  if (native?.dialect === 'anthropic-messages') return [native.value as Document]
  const place = native?.dialect === 'bedrock-converse' ? readPlace(native.value) : undefined
  if (place) return [{ ...place, cited_text: citedText ?? '', document_title: title ?? null, file_id: null }]
  if (url === undefined) return []
  return [
    {
      type: 'web_search_result_location',
      url,
      title: title ?? null,
      cited_text: citedText ?? '',
      encrypted_index: '',
    },
  ]
}

/** Bedrock tells Claude's citations in words of its own, by the same places in the same documents. */
const places: Readonly<Record<string, readonly [type: string, unit: string]>> = {
  documentChar: ['char_location', 'char_index'],
  documentPage: ['page_location', 'page_number'],
  documentChunk: ['content_block_location', 'block_index'],
}

function readPlace(citation: unknown): Document | undefined {
  for (const [name, value] of Object.entries(asObject(asObject(citation)?.['location']) ?? {})) {
    const known = places[name]
    const [index, start, end] = ['documentIndex', 'start', 'end'].map((field) =>
      asNumber(asObject(value)?.[field]),
    )
    if (!known || start === undefined || end === undefined) continue
    const [type, unit] = known
    return { type, document_index: index ?? 0, [`start_${unit}`]: start, [`end_${unit}`]: end }
  }
  return undefined
}

/** Arguments of a call; only an answer that was cut short may have begun them and not ended. */
export function readInput(text: string, stop: Stop): Document {
  const input = text.trim() === '' ? {} : parseObject(text)
  if (input) return input
  if (stop.reason === 'length' || stop.reason === 'context') return {}
  throw new Error('the arguments of a tool call of its reply are no JSON object.')
}
