import { randomUUID } from 'node:crypto'
import type {
  Citation,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
} from '../../conversation/conversation.js'
import type { Document, Naming } from '../../conversation/dialect.js'
import { urlOfMedia } from '../../conversation/media.js'
import type { Choice, Reply } from '../../conversation/reply.js'
import { joinCallId } from '../../conversation/signature.js'
import { writeDetail } from './reasoning.js'
import { writeChoiceStop } from './stop.js'
import { writeUsage } from './usage.js'

/** Writes a chat completion. */
export function writeReply(reply: Reply, { model }: Naming): Document {
  return {
    id: replyId(reply.id),
    object: 'chat.completion',
    created: reply.created,
    model,
    choices: reply.choices.map(writeChoice),
    usage: writeUsage(reply.usage),
    service_tier: writeTier(reply.serviceTier),
  }
}

const tiers = ['auto', 'default', 'flex', 'scale', 'priority', 'fast']

/** A level of service that OpenAI knows: its schema has no others. */
export const writeTier = (tier: string | undefined): string =>
  tiers.find((name) => name === tier) ?? 'default'

/** The vendor's id, so that an answer can be found on both sides. */
export const replyId = (id: string): string => (id === '' ? `chatcmpl-${randomUUID()}` : id)

function writeChoice(choice: Choice, index: number): Document {
  return {
    index,
    message: writeMessage(choice.parts),
    logprobs: writeLogprobs(choice.logprobs),
    finish_reason: writeChoiceStop(choice),
  }
}

/** Both fields are required where there are any. */
export const writeLogprobs = (logprobs: unknown): Document | null =>
  typeof logprobs === 'object' && logprobs !== null ? { content: null, refusal: null, ...logprobs } : null

function writeMessage(parts: Part[]): Document {
  const texts = ofType(parts, 'text')
  const refusal = ofType(parts, 'refusal')
    .map(({ text }) => text)
    .join('')
  const calls = [...ofType(parts, 'tool_call').map(writeCall), ...ownOf(parts, isCall)]
  const images = ofType(parts, 'native').flatMap(({ image }) => image ?? [])
  const [audio] = ownOf(parts, ({ name }) => name === 'audio')
  return {
    role: 'assistant',
    content:
      texts.length > 0
        ? texts.map(({ text }) => text).join('')
        : refusal === '' && calls.length === 0
          ? ''
          : null,
    refusal: refusal === '' ? null : refusal,
    annotations: writeAnnotations(texts),
    ...writeReasoning(ofType(parts, 'reasoning')),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(audio && { audio }),
    ...(images.length > 0 && { images: images.map(writeImage) }),
  }
}

type Native = Extract<Part, { type: 'native' }>

/** What only chat vendors have; what others have alone has no place in a message. */
const ownOf = (parts: Part[], isWanted: (part: Native) => boolean): Document[] =>
  ofType(parts, 'native').flatMap((part) =>
    part.dialect === 'openai-chat' && isWanted(part) ? [part.value] : [],
  )

/** A call of a tool whose input is a text, not JSON. */
export const isCall = ({ value }: Native): boolean => value['custom'] !== undefined

/** OpenAI's chats have no place for a picture that a model makes; OpenRouter made this one. */
export const writeImage = (image: NonNullable<Native['image']>, index: number): Document => ({
  type: 'image_url',
  image_url: { url: urlOfMedia(image) },
  index,
})

function writeReasoning(parts: ReasoningPart[]): Document {
  if (parts.length === 0) return {}
  const text = parts.map((part) => part.text).join('')
  return {
    ...(text !== '' && { reasoning_content: text }),
    reasoning_details: parts.map(writeDetail),
  }
}

const writeCall = ({ id, signature, name, arguments: text }: ToolCallPart): Document => ({
  id: joinCallId(id, signature),
  type: 'function',
  function: { name, arguments: text === '' ? '{}' : text },
})

function writeAnnotations(texts: TextPart[]): Document[] {
  let offset = 0
  return texts.flatMap(({ text, citations }) => {
    const range = { start: offset, end: offset + text.length }
    offset = range.end
    return citations?.map((citation) => writeAnnotation(citation, range)) ?? []
  })
}

/** OpenAI cites nothing but URLs: a document of the request gets one of its own scheme. */
export const citedUrl = ({ url, title }: Citation): string =>
  url ?? `document:${encodeURIComponent(title ?? '')}`

export function writeAnnotation(citation: Citation, part: { start: number; end: number }): Document {
  const { title, citedText, start, end } = citation
  return {
    type: 'url_citation',
    url_citation: {
      url: citedUrl(citation),
      title: title ?? '',
      start_index: start === undefined ? part.start : part.start + start,
      end_index: end === undefined ? part.end : part.start + end,
      ...(citedText !== undefined && { content: citedText }),
    },
  }
}

function ofType<Type extends Part['type']>(parts: Part[], type: Type): Extract<Part, { type: Type }>[] {
  return parts.filter((part): part is Extract<Part, { type: Type }> => part.type === type)
}
