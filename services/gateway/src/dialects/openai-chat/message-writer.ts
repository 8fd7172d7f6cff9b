import type {
  DocumentPart,
  ImagePart,
  Part,
  ReasoningPart,
  TextPart,
  ToolResultPart,
  Turn,
} from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'
import { otherCallId } from '../../conversation/call-id.js'
import { parseObject } from '../../conversation/json.js'
import { audioFormatOf, textOfMedia, urlOfMedia } from '../../conversation/media.js'
import { writeSentReasoning } from './reasoning.js'

/** What writing the messages needs to know and tells. */
interface MessageOptions {
  model: string
  dropped: Set<string>
}

/** Turns as messages. */
export function writeMessages(system: TextPart[], turns: Turn[], options: MessageOptions): Document[] {
  const messages: Document[] = []
  if (system.length > 0) messages.push({ role: 'system', content: writeContent(system, options) })
  for (const turn of turns) {
    if (turn.role === 'assistant') messages.push(...writeAssistant(turn, options))
    else messages.push(...writeAsked(turn, options))
  }
  return messages
}

/** Results of tools are messages of their own, before what the user says besides. */
function writeAsked(turn: Turn, options: MessageOptions): Document[] {
  const results = turn.parts.filter((part) => part.type === 'tool_result')
  const said = turn.parts.filter((part) => part.type !== 'tool_result')
  const shown: Part[] = []
  const messages = results.map((result) => writeResult(result, shown, options))
  const content = [...shown, ...said]
  if (content.length > 0 || results.length === 0) {
    const name = turn.name === undefined ? {} : { name: turn.name }
    messages.push({ role: turn.role, content: writeContent(content, options), ...name })
  }
  return messages
}

/** A tool's message is text alone: what it shows besides is shown by the user, right after. */
function writeResult(result: ToolResultPart, shown: Part[], options: MessageOptions): Document {
  if (result.cache) options.dropped.add('cache_control')
  const media = result.parts.filter(({ type }) => type === 'image' || type === 'document' || type === 'audio')
  const texts = result.parts.filter((part) => !media.includes(part))
  if (media.length > 0) {
    const label = `What the tool call ${writeCallId(result.callId)} returned besides text:`
    shown.push({ type: 'text', text: label }, ...media)
    if (texts.length === 0)
      texts.push({ type: 'text', text: 'What was returned is shown in the next message of the user.' })
  }
  // Chat Completions has no other way to say that a tool failed.
  if (result.isError && !texts.some((part) => part.type === 'text' && /^\W*error/i.test(part.text)))
    texts.unshift({ type: 'text', text: 'Error:' })
  return { role: 'tool', tool_call_id: writeCallId(result.callId), content: writeContent(texts, options) }
}

function writeAssistant(turn: Turn, options: MessageOptions): Document[] {
  const said: Part[] = []
  const calls: Document[] = []
  const refusals: string[] = []
  const thoughts: ReasoningPart[] = []
  for (const part of turn.parts) {
    if (part.type === 'reasoning') thoughts.push(part)
    else if (part.type === 'refusal') refusals.push(part.text)
    else if (part.type === 'tool_call') {
      const extra = part.signature?.by === 'openai-chat' ? parseObject(part.signature.value) : undefined
      calls.push({
        id: writeCallId(part.id),
        type: 'function',
        function: { name: part.name, arguments: part.arguments === '' ? '{}' : part.arguments },
        ...(extra && { extra_content: extra }),
      })
      if (part.cache) options.dropped.add('cache_control')
    } else said.push(part)
  }
  // A thought goes back to who made it, and to nobody else.
  if (thoughts.some(({ signature }) => signature?.by !== 'openai-chat')) options.dropped.add('reasoning')
  if (said.length + calls.length + refusals.length === 0) return []
  return [
    {
      role: 'assistant',
      content: said.length > 0 ? writeContent(said, options) : null,
      ...(refusals.length > 0 && { refusal: refusals.join('') }),
      ...writeSentReasoning(thoughts),
      ...(calls.length > 0 && { tool_calls: calls }),
      ...(turn.name !== undefined && { name: turn.name }),
    },
  ]
}

/** A single text is written as such: every imitator takes that. */
function writeContent(parts: Part[], options: MessageOptions): string | Document[] {
  for (const part of parts) if ('cache' in part && part.cache) options.dropped.add('cache_control')
  const [first] = parts
  if (!first) return ''
  if (parts.length === 1 && first.type === 'text') return first.text
  return parts.flatMap((part) => writePart(part, options))
}

function writePart(part: Part, options: MessageOptions): Document[] {
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }]
    case 'refusal':
      return [{ type: 'refusal', refusal: part.text }]
    case 'image':
      return [writeImage(part, options)]
    case 'document':
      return [writeDocument(part, options)]
    case 'audio': {
      if (part.source.kind !== 'base64') throw unsupported(options.model, 'audio by reference')
      const format = audioFormatOf(part.source.mediaType)
      return [{ type: 'input_audio', input_audio: { data: part.source.data, format } }]
    }
    case 'native':
      if (part.dialect !== 'openai-chat') throw unsupported(options.model, part.name)
      return [part.value]
    case 'reasoning':
      return []
    case 'tool_call':
    case 'tool_result':
      throw unsupported(options.model, `${part.type} in this place`)
  }
}

function writeImage({ source, detail }: ImagePart, options: MessageOptions): Document {
  if (source.kind === 'file' || source.kind === 'text') throw unsupported(options.model, 'images by file id')
  const isKnown = detail !== undefined && ['auto', 'low', 'high'].includes(detail)
  return { type: 'image_url', image_url: { url: urlOfMedia(source), ...(isKnown && { detail }) } }
}

function writeDocument({ source, title }: DocumentPart, options: MessageOptions): Document {
  const text = textOfMedia(source)
  if (text !== undefined) {
    const name = title === undefined ? '' : ` title=${JSON.stringify(title)}`
    return { type: 'text', text: `<document${name}>\n${text}\n</document>` }
  }
  if (source.kind === 'file') {
    if (source.dialect === 'openai-chat') return { type: 'file', file: { file_id: source.id } }
    throw unsupported(options.model, `files of ${source.dialect}`)
  }
  if (source.kind !== 'base64') throw unsupported(options.model, 'documents by URL')
  return { type: 'file', file: { filename: title ?? 'document.pdf', file_data: urlOfMedia(source) } }
}

/** OpenAI takes no id of more than 40 characters; call and result are rewritten alike. */
export function writeCallId(id: string): string {
  return id.length > 0 && id.length <= 40 ? id : otherCallId('call', id)
}
