import type {
  CacheMark,
  Citation,
  Media,
  Part,
  ReasoningPart,
  Signature,
  TextPart,
} from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asObject, asText, objectsOf } from '../../conversation/json.js'
import { invalidField } from '../../conversation/request-fields.js'
import { openSignature, splitCallId } from '../../conversation/signature.js'

const dialect = 'anthropic-messages'

/** Content of a request as a text or a list of blocks. Throws `invalid_request`. */
export function readContent(content: unknown, path: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  if (!Array.isArray(content)) throw invalidField(path, 'a text or a list of blocks')
  return content.map((item, at) => {
    const block = asObject(item)
    if (!block) throw invalidField(`${path}[${at}]`, 'an object')
    return readSentBlock(block, `${path}[${at}]`)
  })
}

function readSentBlock(block: Document, path: string): Part {
  const cache = readCache(block)
  const cached = cache ? { cache } : {}
  switch (block['type']) {
    case 'image':
      return { type: 'image', source: readSource(block, path), ...cached }
    case 'document': {
      const title = asText(block['title'])
      return {
        type: 'document',
        source: readSource(block, path),
        ...(title !== undefined && { title }),
        ...cached,
      }
    }
    case 'search_result': {
      const title = [block['title'], block['source']].flatMap((text) => asText(text) ?? []).join(', ')
      return {
        type: 'document',
        source: { kind: 'text', text: joinTexts(block['content']) },
        title,
        ...cached,
      }
    }
    case 'tool_result': {
      const callId = asText(block['tool_use_id'])
      if (callId === undefined) throw invalidField(`${path}.tool_use_id`, 'the id of a tool call')
      const content = block['content']
      return {
        type: 'tool_result',
        callId: splitCallId(callId).id,
        parts: content === undefined || content === null ? [] : readContent(content, `${path}.content`),
        ...(block['is_error'] === true && { isError: true }),
        ...cached,
      }
    }
    case 'tool_use':
      if (asText(block['id']) === undefined) throw invalidField(`${path}.id`, 'a text')
      if (asText(block['name']) === undefined) throw invalidField(`${path}.name`, 'the name of a tool')
      return { ...readBlock(block), ...cached }
    case 'text': {
      if (asText(block['text']) === undefined) throw invalidField(`${path}.text`, 'a text')
      return { ...readBlock(block), ...cached }
    }
    default:
      if (asText(block['type']) === undefined) throw invalidField(`${path}.type`, 'the type of a block')
      return readBlock(block)
  }
}

/** A block of an answer, or of one that is sent back. */
export function readBlock(block: Document): Part {
  switch (block['type']) {
    case 'text':
      return readText(block)
    case 'thinking':
    case 'redacted_thinking':
      return readThinking(block)
    case 'tool_use':
      return {
        type: 'tool_call',
        ...splitCallId(asText(block['id']) ?? ''),
        name: asText(block['name']) ?? '',
        arguments: JSON.stringify(block['input'] ?? {}),
      }
    default:
      return { type: 'native', dialect, name: asText(block['type']) ?? 'block', value: block }
  }
}

function readText(block: Document): TextPart {
  const citations = objectsOf(block['citations']).map(readCitation)
  return {
    type: 'text',
    text: asText(block['text']) ?? '',
    ...(citations.length > 0 && { citations }),
  }
}

/** Anthropic cites with a whole block, so that no range within it is told. */
export function readCitation(citation: Document): Citation {
  const url =
    asText(citation['url']) ??
    (citation['type'] === 'search_result_location' ? asText(citation['source']) : undefined)
  const title = asText(citation['title']) ?? asText(citation['document_title'])
  const citedText = asText(citation['cited_text'])
  return {
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(citedText !== undefined && { citedText }),
    native: { dialect, value: citation },
  }
}

function readThinking(block: Document): ReasoningPart {
  const isHidden = block['type'] === 'redacted_thinking'
  const signature = readSignature(asText(isHidden ? block['data'] : block['signature']), isHidden)
  return { type: 'reasoning', text: asText(block['thinking']) ?? '', ...(signature && { signature }) }
}

/** Anthropic's own, or another vendor's in its place. */
export function readSignature(value: string | undefined, isHidden: boolean): Signature | undefined {
  if (value === undefined || value === '') return undefined
  return openSignature(value) ?? { by: dialect, value, ...(isHidden && { isHidden }) }
}

/** `cache_control` of a block, a tool, or the whole request. */
export function readCache(block: Document): CacheMark | undefined {
  const control = asObject(block['cache_control'])
  if (!control) return undefined
  const ttl = asText(control['ttl'])
  return ttl === undefined ? {} : { ttl }
}

function readSource(block: Document, path: string): Media {
  const source = asObject(block['source'])
  const [data, url, id] = [source?.['data'], source?.['url'], source?.['file_id']].map(asText)
  const mediaType = asText(source?.['media_type'])
  switch (source?.['type']) {
    case 'base64':
      if (data !== undefined && mediaType !== undefined) return { kind: 'base64', mediaType, data }
      break
    case 'text':
      if (data !== undefined) return { kind: 'text', text: data }
      break
    case 'url':
      if (url !== undefined) return { kind: 'url', url }
      break
    case 'file':
      if (id !== undefined) return { kind: 'file', id, dialect }
      break
    case 'content':
      return { kind: 'text', text: joinTexts(source['content']) }
  }
  throw invalidField(`${path}.source`, 'a source of the type base64, url, text, content or file')
}

const joinTexts = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : objectsOf(content)
        .flatMap(({ text }) => asText(text) ?? [])
        .join('\n')
