import type {
  CacheMark,
  DocumentPart,
  ImagePart,
  Media,
  Part,
  ReasoningPart,
  TextPart,
  ToolResultPart,
  Turn,
} from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'
import { otherCallId } from '../../conversation/call-id.js'
import { parseObject } from '../../conversation/json.js'
import { textOfMedia } from '../../conversation/media.js'

/** What writing the turns needs to know and tells. */
export interface ContentOptions {
  model: string
  dropped: Set<string>
}

interface Message {
  role: 'user' | 'assistant'
  content: Document[]
}

/**
 * Turns as messages: of two roles that take turns, the user first, results of tools before all else
 * that the user says, and no text that is empty.
 */
export function writeMessages(turns: Turn[], options: ContentOptions): Document[] {
  const messages: Message[] = []
  for (const turn of turns) {
    const role = turn.role === 'assistant' ? 'assistant' : 'user'
    if (turn.name !== undefined) options.dropped.add('name')
    const content = turn.role === 'system' ? writeInstruction(turn) : writeParts(turn.parts, options)
    if (content.length === 0) continue
    const last = messages.at(-1)
    if (last?.role === role) last.content.push(...content)
    else messages.push({ role, content })
  }
  if (messages[0]?.role !== 'user')
    messages.unshift({ role: 'user', content: [{ type: 'text', text: opening }] })
  for (const message of messages) if (message.role === 'user') message.content.sort(resultsFirst)
  trimEnd(messages.at(-1))
  return messages.map((message) => ({ ...message }))
}

/** Anthropic takes no conversation that the assistant begins. */
const opening = '(The conversation begins.)'

const resultsFirst = (a: Document, b: Document): number =>
  Number(b['type'] === 'tool_result') - Number(a['type'] === 'tool_result')

/** What the assistant has begun to say may not end in white space. */
function trimEnd(last: Message | undefined): void {
  const block = last?.content.at(-1)
  if (last?.role !== 'assistant' || block?.['type'] !== 'text') return
  const text = String(block['text']).trimEnd()
  if (text === '') last.content.pop()
  else block['text'] = text
}

/** An instruction amidst the turns keeps its place, and says what it is. */
function writeInstruction(turn: Turn): Document[] {
  const text = turn.parts
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('\n')
    .trim()
  return text === '' ? [] : [{ type: 'text', text: `<system>\n${text}\n</system>` }]
}

/** Instructions that stand before all turns. */
export const writeSystem = (system: TextPart[]): Document[] => system.flatMap(writeText)

export function writeCache(cache: CacheMark | undefined): Document {
  if (!cache) return {}
  const ttl = cache.ttl === '5m' || cache.ttl === '1h' ? { ttl: cache.ttl } : {}
  return { cache_control: { type: 'ephemeral', ...ttl } }
}

function writeParts(parts: Part[], options: ContentOptions): Document[] {
  return parts.flatMap((part) => writePart(part, options))
}

function writePart(part: Part, options: ContentOptions): Document[] {
  switch (part.type) {
    case 'text':
      return writeText(part)
    case 'refusal':
      return writeText({ type: 'text', text: part.text })
    case 'image':
      return [writeImage(part, options)]
    case 'document':
      return [writeDocument(part, options)]
    case 'reasoning':
      return writeThinking(part, options)
    case 'tool_call':
      return [
        {
          type: 'tool_use',
          id: writeCallId(part.id),
          name: part.name,
          input: writeInput(part.arguments),
          ...writeCache(part.cache),
        },
      ]
    case 'tool_result':
      return [writeResult(part, options)]
    case 'audio':
      throw unsupported(options.model, 'input_audio')
    case 'native':
      if (part.dialect !== 'anthropic-messages') throw unsupported(options.model, part.name)
      return [part.value]
  }
}

/** Anthropic refuses text that is nothing but white space. */
function writeText({ text, citations, cache }: TextPart): Document[] {
  if (text.trim() === '') return []
  const own = citations?.flatMap(({ native }) =>
    native?.dialect === 'anthropic-messages' ? [native.value] : [],
  )
  return [{ type: 'text', text, ...(own && own.length > 0 && { citations: own }), ...writeCache(cache) }]
}

/** Only what Anthropic itself has signed; it refuses everything else. */
function writeThinking({ text, signature }: ReasoningPart, { dropped }: ContentOptions): Document[] {
  if (signature?.by !== 'anthropic-messages') {
    dropped.add('reasoning')
    return []
  }
  return signature.isHidden
    ? [{ type: 'redacted_thinking', data: signature.value }]
    : [{ type: 'thinking', thinking: text, signature: signature.value }]
}

function writeResult(result: ToolResultPart, options: ContentOptions): Document {
  const content = writeParts(result.parts, options)
  const [first] = content
  return {
    type: 'tool_result',
    tool_use_id: writeCallId(result.callId),
    ...(first && { content: content.length === 1 && isPlainText(first) ? first['text'] : content }),
    ...(result.isError && { is_error: true }),
    ...writeCache(result.cache),
  }
}

const isPlainText = (block: Document): boolean => block['type'] === 'text' && Object.keys(block).length === 2

/** A model can fail to write JSON; Anthropic has this way to say so. */
function writeInput(text: string): Document {
  return text.trim() === '' ? {} : (parseObject(text) ?? { INVALID_JSON: text })
}

function writeImage({ source, detail, cache }: ImagePart, options: ContentOptions): Document {
  if (detail !== undefined && detail !== 'auto') options.dropped.add('image_url.detail')
  if (source.kind === 'text') throw unsupported(options.model, 'images as text')
  return { type: 'image', source: writeSource(source, options), ...writeCache(cache) }
}

function writeDocument({ source, title, cache }: DocumentPart, options: ContentOptions): Document {
  const text = textOfMedia(source)
  const plain: Media = text === undefined ? source : { kind: 'text', text }
  return {
    type: 'document',
    source: writeSource(plain, options),
    ...(title !== undefined && { title: title.slice(0, 500) }),
    ...writeCache(cache),
  }
}

function writeSource(source: Media, options: ContentOptions): Document {
  switch (source.kind) {
    case 'base64':
      return { type: 'base64', media_type: source.mediaType, data: source.data }
    case 'url':
      return { type: 'url', url: source.url }
    case 'text':
      return { type: 'text', media_type: 'text/plain', data: source.text }
    case 'file':
      if (source.dialect !== 'anthropic-messages')
        throw unsupported(options.model, `files of ${source.dialect}`)
      return { type: 'file', file_id: source.id }
  }
}

/** Anthropic takes ids of these characters alone; call and result are rewritten alike. */
export function writeCallId(id: string): string {
  return /^[a-zA-Z0-9_-]{1,256}$/.test(id) ? id : otherCallId('toolu', id)
}
