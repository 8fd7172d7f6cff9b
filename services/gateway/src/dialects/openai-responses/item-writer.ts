import type { Media, Part, ReasoningPart, ToolResultPart, Turn } from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'
import { audioFormatOf, urlOfMedia } from '../../conversation/media.js'
import { shortCallId } from './call-id.js'

export interface ItemOptions {
  model: string
  dropped: Set<string>
}

/** Turns as items: words are messages, and calls, their results and reasoning are items of their own. */
export function writeInput(turns: Turn[], options: ItemOptions): Document[] {
  return turns.flatMap((turn) => writeTurn(turn, options))
}

function writeTurn(turn: Turn, options: ItemOptions): Document[] {
  if (turn.name !== undefined) options.dropped.add('name')
  const role = turn.role === 'system' ? 'developer' : turn.role
  const items: Document[] = []
  let content: Document[] | undefined
  for (const part of turn.parts) {
    if ('cache' in part && part.cache) options.dropped.add('cache_control')
    const item = writeItem(part, options)
    if (item) {
      items.push(...item)
      content = undefined
      continue
    }
    if (!content) {
      content = []
      items.push({ type: 'message', role, content })
    }
    content.push(writeContent(part, role === 'assistant', options))
  }
  return items
}

/** Undefined for a part that stands in a message. */
function writeItem(part: Part, options: ItemOptions): Document[] | undefined {
  switch (part.type) {
    case 'tool_call':
      return [
        {
          type: 'function_call',
          call_id: shortCallId(part.id),
          name: part.name,
          arguments: part.arguments === '' ? '{}' : part.arguments,
        },
      ]
    case 'tool_result':
      return [writeResult(part, options)]
    case 'reasoning':
      return writeReasoning(part, options)
    case 'native':
      if (part.dialect !== 'openai-responses') throw unsupported(options.model, part.name)
      return part.name.startsWith('input_') ? undefined : [part.value]
    default:
      return undefined
  }
}

function writeReasoning(part: ReasoningPart, options: ItemOptions): Document[] {
  const { signature } = part
  if (signature?.by !== 'openai-responses') {
    options.dropped.add('reasoning')
    return []
  }
  const isSummary = part.isSummary !== false && part.text !== ''
  return [
    {
      type: 'reasoning',
      ...(signature.id !== undefined && { id: signature.id }),
      summary: isSummary ? [{ type: 'summary_text', text: part.text }] : [],
      encrypted_content: signature.value,
    },
  ]
}

function writeResult(part: ToolResultPart, options: ItemOptions): Document {
  if (part.isError === true) options.dropped.add('is_error')
  const isText = part.parts.every(({ type }) => type === 'text' || type === 'refusal')
  const output = isText
    ? part.parts.map((piece) => ('text' in piece ? piece.text : '')).join('\n')
    : part.parts.map((piece) => writeContent(piece, false, options))
  return { type: 'function_call_output', call_id: shortCallId(part.callId), output }
}

function writeContent(part: Part, isAnswer: boolean, { model }: ItemOptions): Document {
  switch (part.type) {
    case 'text':
      return isAnswer
        ? { type: 'output_text', text: part.text, annotations: [] }
        : { type: 'input_text', text: part.text }
    case 'refusal':
      return isAnswer ? { type: 'refusal', refusal: part.text } : { type: 'input_text', text: part.text }
    case 'image':
      return { type: 'input_image', detail: part.detail ?? 'auto', ...writeImage(part.source, model) }
    case 'document':
      return writeDocument(part.source, part.title, model)
    case 'audio':
      return writeAudio(part.source, model)
    case 'native':
      return part.value
    default:
      throw unsupported(model, part.type)
  }
}

function writeImage(source: Media, model: string): Document {
  switch (source.kind) {
    case 'base64':
    case 'url':
      return { image_url: urlOfMedia(source) }
    case 'file':
      return { file_id: requireOwn(source, model) }
    case 'text':
      throw unsupported(model, 'image')
  }
}

function writeDocument(source: Media, title: string | undefined, model: string): Document {
  switch (source.kind) {
    case 'base64':
      return {
        type: 'input_file',
        filename: title ?? `document.${source.mediaType.split('/').at(-1) ?? 'pdf'}`,
        file_data: urlOfMedia(source),
      }
    case 'url':
      return { type: 'input_file', file_url: source.url }
    case 'file':
      return { type: 'input_file', file_id: requireOwn(source, model) }
    case 'text':
      return { type: 'input_text', text: title === undefined ? source.text : `${title}\n\n${source.text}` }
  }
}

function writeAudio(source: Media, model: string): Document {
  if (source.kind !== 'base64') throw unsupported(model, 'audio')
  return {
    type: 'input_audio',
    input_audio: { data: source.data, format: audioFormatOf(source.mediaType) },
  }
}

/** OpenAI's uploads are the same for both of its APIs. */
function requireOwn(source: Extract<Media, { kind: 'file' }>, model: string): string {
  if (!source.dialect.startsWith('openai-')) throw unsupported(model, 'file_id')
  return source.id
}
