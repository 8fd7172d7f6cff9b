import type {
  CacheMark,
  Citation,
  Media,
  Part,
  TextPart,
  ToolCallPart,
  Turn,
} from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asNumber, asObject, asText, objectsOf } from '../../conversation/json.js'
import { mediaOfUrl } from '../../conversation/media.js'
import { invalidField } from '../../conversation/request-fields.js'
import { splitCallId } from '../../conversation/signature.js'
import { readSentReasoning } from './reasoning.js'

/** Messages as instructions that stand before all turns, and turns. */
export function readMessages(messages: { value: Document; path: string }[]): {
  system: TextPart[]
  turns: Turn[]
} {
  const system: TextPart[] = []
  const turns: Turn[] = []
  for (const { value, path } of messages) {
    const turn = readMessage(value, path)
    if (turn.role === 'system' && turns.length === 0) {
      system.push(...turn.parts.filter((part) => part.type === 'text'))
    } else {
      turns.push(turn)
    }
  }
  return { system, turns }
}

function readMessage(message: Document, path: string): Turn {
  const name = asText(message['name'])
  const named = name === undefined ? {} : { name }
  switch (message['role']) {
    case 'system':
    case 'developer':
      return { role: 'system', parts: readContent(message['content'], `${path}.content`), ...named }
    case 'user':
      return { role: 'user', parts: readContent(message['content'], `${path}.content`), ...named }
    case 'assistant':
      return { role: 'assistant', parts: readAssistant(message, path), ...named }
    case 'tool':
      return { role: 'user', parts: [readToolResult(message, path)] }
    default:
      throw invalidField(`${path}.role`, 'system, developer, user, assistant or tool')
  }
}

function readAssistant(message: Document, path: string): Part[] {
  const parts: Part[] = readSentReasoning(message)
  if (message['content'] !== null && message['content'] !== undefined)
    parts.push(...readContent(message['content'], `${path}.content`))
  const refusal = asText(message['refusal'])
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', text: refusal })
  if (asObject(message['audio'])) parts.push(toNative('audio', asObject(message['audio']) ?? {}))
  for (const [at, call] of objectsOf(message['tool_calls']).entries())
    parts.push(readSentCall(call, `${path}.tool_calls[${at}]`))
  return parts
}

function readSentCall(call: Document, path: string): Part {
  const id = asText(call['id'])
  if (id === undefined) throw invalidField(`${path}.id`, 'a text')
  const found = asObject(call['function'])
  if (!found) return toNative(asText(call['type']) ?? 'tool_call', call)
  const name = asText(found['name'])
  if (name === undefined || name === '') throw invalidField(`${path}.function.name`, 'the name of a tool')
  const part: ToolCallPart = {
    type: 'tool_call',
    ...splitCallId(id),
    name,
    arguments: asText(found['arguments']) ?? '',
  }
  const cache = readCache(call)
  return cache ? { ...part, cache } : part
}

function readToolResult(message: Document, path: string): Part {
  const id = asText(message['tool_call_id'])
  if (id === undefined) throw invalidField(`${path}.tool_call_id`, 'the id of a tool call')
  const name = asText(message['name'])
  const cache = readCache(message)
  return {
    type: 'tool_result',
    callId: splitCallId(id).id,
    parts: readContent(message['content'], `${path}.content`),
    ...(name !== undefined && { name }),
    ...(cache && { cache }),
  }
}

/** Content as a text or a list of parts. */
function readContent(content: unknown, path: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  if (content === null || content === undefined) return []
  if (!Array.isArray(content)) throw invalidField(path, 'a text or a list of parts')
  return content.map((item, at): Part => {
    const part = asObject(item)
    if (!part) throw invalidField(`${path}[${at}]`, 'an object')
    return withCache(readPart(part, `${path}[${at}]`), readCache(part))
  })
}

function readPart(part: Document, path: string): Part {
  switch (part['type']) {
    case 'text':
      return { type: 'text', text: need(asText(part['text']), `${path}.text`, 'a text') }
    case 'refusal':
      return { type: 'refusal', text: need(asText(part['refusal']), `${path}.refusal`, 'a text') }
    case 'image_url': {
      const image = asObject(part['image_url'])
      const url = need(asText(image?.['url'] ?? part['image_url']), `${path}.image_url.url`, 'a URL')
      const detail = asText(image?.['detail'])
      return { type: 'image', source: mediaOfUrl(url), ...(detail !== undefined && { detail }) }
    }
    case 'input_audio': {
      const audio = asObject(part['input_audio'])
      const data = need(asText(audio?.['data']), `${path}.input_audio.data`, 'a text in base64')
      const format = asText(audio?.['format']) ?? 'wav'
      const mediaType = `audio/${format === 'mp3' ? 'mpeg' : format}`
      return { type: 'audio', source: { kind: 'base64', mediaType, data } }
    }
    case 'file':
      return readFile(need(asObject(part['file']), `${path}.file`, 'an object'), `${path}.file`)
    case 'thinking':
      return { type: 'reasoning', text: thinkingText(part) }
    case 'document_url': {
      const url = asText(asObject(part['document_url'])?.['url'] ?? part['document_url'])
      return { type: 'document', source: mediaOfUrl(need(url, `${path}.document_url`, 'a URL')) }
    }
    default:
      return toNative(need(asText(part['type']), `${path}.type`, 'a text'), part)
  }
}

function readFile(file: Document, path: string): Part {
  const title = asText(file['filename'])
  const titled = title === undefined ? {} : { title }
  const id = asText(file['file_id'])
  if (id !== undefined)
    return { type: 'document', source: { kind: 'file', id, dialect: 'openai-chat' }, ...titled }
  const data = need(asText(file['file_data']), `${path}.file_data`, 'a data: URL')
  const source: Media = /^(data|https?):/i.test(data)
    ? mediaOfUrl(data)
    : { kind: 'base64', mediaType: 'application/pdf', data }
  return { type: 'document', source, ...titled }
}

/** Mistral's reasoning, which stands amidst the content. */
export const thinkingText = (part: Document): string =>
  typeof part['thinking'] === 'string'
    ? part['thinking']
    : objectsOf(part['thinking'])
        .map(({ text }) => asText(text) ?? '')
        .join('')

/** `annotations` of a message or a delta. */
export function readAnnotations(message: Document): Citation[] {
  return objectsOf(message['annotations']).flatMap((annotation) => {
    const cited = asObject(annotation['url_citation'])
    if (!cited) return []
    const [url, title, citedText] = [cited['url'], cited['title'], cited['content']].map(asText)
    const start = asNumber(cited['start_index'])
    const end = asNumber(cited['end_index'])
    return [
      {
        ...(url !== undefined && { url }),
        ...(title !== undefined && { title }),
        ...(citedText !== undefined && { citedText }),
        // An empty range says of nothing where it is.
        ...(start !== undefined && end !== undefined && end > start && { start, end }),
      },
    ]
  })
}

/** Anthropic's mark, which OpenRouter takes as well, and OpenAI's own. */
export function readCache(part: Document): CacheMark | undefined {
  const control = asObject(part['cache_control'])
  if (control) {
    const ttl = asText(control['ttl'])
    return ttl === undefined ? {} : { ttl }
  }
  return asObject(part['prompt_cache_breakpoint']) ? {} : undefined
}

const withCache = (part: Part, cache: CacheMark | undefined): Part =>
  cache && (part.type === 'text' || part.type === 'image' || part.type === 'document')
    ? { ...part, cache }
    : part

const toNative = (name: string, value: Document): Part => ({
  type: 'native',
  dialect: 'openai-chat',
  name,
  value,
})

function need<Value>(value: Value | undefined, field: string, mustBe: string): Value {
  if (value === undefined) throw invalidField(field, mustBe)
  return value
}
