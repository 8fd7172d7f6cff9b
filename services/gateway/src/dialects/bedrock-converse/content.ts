import { AppError } from '@weir/errors'
import type {
  CacheMark,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'
import { otherCallId } from '../../conversation/call-id.js'
import { parseObject } from '../../conversation/json.js'
import { writeDocument, writeMedia } from './media.js'

export interface ContentOptions {
  model: string
  isClaude: boolean
  dropped: Set<string>
  /** Documents so far: Bedrock wants each to have a name. */
  documents: number
}

/** Turns as messages: two roles that take turns, and none of them empty. */
export function writeMessages(turns: Turn[], options: ContentOptions): Document[] {
  const messages: { role: string; content: Document[] }[] = []
  for (const turn of turns) {
    if (turn.name !== undefined) options.dropped.add('name')
    const content = turn.parts.flatMap((part) => [
      ...writePart(part, options),
      ...writeCache('cache' in part ? part.cache : undefined),
    ])
    if (content.length === 0) continue
    const role = turn.role === 'assistant' ? 'assistant' : 'user'
    const last = messages.at(-1)
    if (last?.role === role) last.content.push(...content)
    else messages.push({ role, content })
  }
  return messages.map((message) => ({ ...message }))
}

/** What is cached ends at a block of its own. */
export function writeCache(cache: CacheMark | undefined): Document[] {
  if (!cache) return []
  return [{ cachePoint: { type: 'default', ...(cache.ttl !== undefined && { ttl: cache.ttl }) } }]
}

function writePart(part: Part, options: ContentOptions): Document[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      // Bedrock refuses a text without a word.
      return part.text.trim() === '' ? [] : [{ text: part.text }]
    case 'image':
      if (part.detail === 'low' || part.detail === 'high') options.dropped.add('detail')
      return [writeMedia('image', part.source, options.model)]
    case 'audio':
      return [writeMedia('audio', part.source, options.model)]
    case 'document':
      return [writeDocument(part.source, part.title, ++options.documents, options.model)]
    case 'reasoning':
      return writeReasoning(part, options)
    case 'tool_call':
      return [writeCall(part)]
    case 'tool_result':
      return [writeResult(part, options)]
    case 'native':
      if (part.dialect !== 'bedrock-converse') throw unsupported(options.model, part.name)
      return [part.value]
  }
}

/** A thought goes back to who can tell it is theirs: Claude's proofs hold at Anthropic and at Bedrock alike. */
function writeReasoning(part: ReasoningPart, { isClaude, dropped }: ContentOptions): Document[] {
  const { signature, text } = part
  const isOwn = signature?.by === 'bedrock-converse' || (isClaude && signature?.by === 'anthropic-messages')
  if (!signature || !isOwn) {
    dropped.add('reasoning')
    return []
  }
  return signature.isHidden === true
    ? [{ reasoningContent: { redactedContent: signature.value } }]
    : [{ reasoningContent: { reasoningText: { text, signature: signature.value } } }]
}

function writeCall(part: ToolCallPart): Document {
  const input = part.arguments.trim() === '' ? {} : parseObject(part.arguments)
  if (!input) {
    const reason = `The arguments of the call \`${part.id}\` of \`${part.name}\` are not a JSON object; Bedrock takes nothing else.`
    throw AppError.of('invalid_request', { reason })
  }
  return { toolUse: { toolUseId: toToolUseId(part.id), name: part.name, input } }
}

function writeResult(part: ToolResultPart, options: ContentOptions): Document {
  return {
    toolResult: {
      toolUseId: toToolUseId(part.callId),
      content: part.parts.flatMap((piece) => writePart(piece, options)),
      ...(part.isError === true && { status: 'error' }),
    },
  }
}

/** The ids that Bedrock takes; each other one becomes one, always the same. */
function toToolUseId(id: string): string {
  return /^[a-zA-Z0-9_-]{1,64}$/.test(id) ? id : otherCallId('tooluse', id)
}
