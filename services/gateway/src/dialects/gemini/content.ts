import { AppError } from '@weir/errors'
import type {
  Media,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'
import { parseObject } from '../../conversation/json.js'

/** Google's way to say that a call in the history was not made by Gemini: without it, Gemini 3 refuses the call. */
const unprovenCall = 'skip_thought_signature_validator'

/** What writing the turns needs to know of the whole. */
export interface ContentOptions {
  model: string
  /** Gemini 3 and later: calls must be proven, and results may have media. */
  isGemini3: boolean
  dropped: Set<string>
}

/** Turns as contents: two roles that take turns, each call answered in the very next one. */
export function writeContents(turns: Turn[], options: ContentOptions): Document[] {
  const names = callNames(turns)
  const contents: { role: string; parts: Document[] }[] = []
  for (const turn of turns) {
    const role = turn.role === 'assistant' ? 'model' : 'user'
    const parts = writeParts(turn.parts, names, options)
    if (parts.length === 0) continue
    const last = contents.at(-1)
    if (last?.role === role) last.parts.push(...parts)
    else contents.push({ role, parts })
  }
  if (options.isGemini3) for (const { role, parts } of contents) if (role === 'model') markUnproven(parts)
  // Gemini asks for at least one, also where all is said in the instructions.
  return contents.length > 0
    ? contents.map((content) => ({ ...content }))
    : [{ role: 'user', parts: [{ text: '' }] }]
}

function callNames(turns: Turn[]): Map<string, string> {
  const names = new Map<string, string>()
  for (const { parts } of turns)
    for (const part of parts) if (part.type === 'tool_call') names.set(part.id, part.name)
  return names
}

/** The first call of each step must carry a proof. */
function markUnproven(parts: Document[]): void {
  const first = parts.find((part) => part['functionCall'] !== undefined)
  if (first && first['thoughtSignature'] === undefined) first['thoughtSignature'] = unprovenCall
}

function writeParts(parts: Part[], names: Map<string, string>, options: ContentOptions): Document[] {
  return parts.flatMap((part) => writePart(part, names, options))
}

function writePart(part: Part, names: Map<string, string>, options: ContentOptions): Document[] {
  if ('cache' in part && part.cache) options.dropped.add('cache_control')
  switch (part.type) {
    case 'text':
    case 'refusal':
      return [{ text: part.text }]
    case 'image':
      if (part.detail === 'low' || part.detail === 'high') options.dropped.add('detail')
      return [writeMedia(part.source, 'image/jpeg', options.model)]
    case 'document':
      return [writeMedia(part.source, 'application/pdf', options.model)]
    case 'audio':
      return [writeMedia(part.source, 'audio/wav', options.model)]
    case 'reasoning':
      return writeReasoning(part, options)
    case 'tool_call':
      return [writeCall(part)]
    case 'tool_result':
      return writeResult(part, names, options)
    case 'native':
      if (part.dialect !== 'gemini') throw unsupported(options.model, part.name)
      return [part.value]
  }
}

/** A thought goes back to Gemini with its proof, and nowhere without. */
function writeReasoning(part: ReasoningPart, options: ContentOptions): Document[] {
  if (part.signature?.by !== 'gemini') {
    options.dropped.add('reasoning')
    return []
  }
  const thoughtSignature = part.signature.value
  return [
    part.text === '' ? { text: '', thoughtSignature } : { text: part.text, thought: true, thoughtSignature },
  ]
}

function writeCall(part: ToolCallPart): Document {
  const args = part.arguments.trim() === '' ? {} : parseObject(part.arguments)
  if (!args) {
    const reason = `The arguments of the call \`${part.id}\` of \`${part.name}\` are not a JSON object; Gemini takes nothing else.`
    throw AppError.of('invalid_request', { reason })
  }
  const signature = part.signature?.by === 'gemini' ? part.signature.value : undefined
  return {
    functionCall: { id: part.id, name: part.name, args },
    ...(signature !== undefined && { thoughtSignature: signature }),
  }
}

function writeResult(part: ToolResultPart, names: Map<string, string>, options: ContentOptions): Document[] {
  const texts: string[] = []
  const media: Document[] = []
  for (const piece of part.parts) {
    if (piece.type === 'text' || piece.type === 'refusal') texts.push(piece.text)
    else media.push(...writePart(piece, names, options))
  }
  const text = texts.join('\n')
  const functionResponse: Document = {
    id: part.callId,
    name: part.name ?? names.get(part.callId) ?? part.callId,
    response: part.isError === true ? { error: text } : (parseObject(text) ?? { output: text }),
  }
  if (media.length === 0) return [{ functionResponse }]
  return options.isGemini3
    ? [{ functionResponse: { ...functionResponse, parts: media } }]
    : [{ functionResponse }, ...media]
}

function writeMedia(source: Media, defaultType: string, model: string): Document {
  switch (source.kind) {
    case 'base64':
      return { inlineData: { mimeType: source.mediaType, data: source.data } }
    case 'text':
      return { inlineData: { mimeType: 'text/plain', data: Buffer.from(source.text).toString('base64') } }
    case 'url':
      return {
        fileData: {
          mimeType: source.mediaType ?? typeOfName(source.url) ?? defaultType,
          fileUri: source.url,
        },
      }
    case 'file':
      if (source.dialect !== 'gemini') throw unsupported(model, 'file_id')
      return { fileData: { fileUri: source.id } }
  }
}

const typesByEnding: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  csv: 'text/csv',
  json: 'application/json',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
}

/** Gemini asks for a type that other vendors find out by themselves. */
function typeOfName(url: string): string | undefined {
  const ending = /\.(\w{2,5})(?:[?#]|$)/.exec(url)?.[1]
  return ending === undefined ? undefined : typesByEnding[ending.toLowerCase()]
}
