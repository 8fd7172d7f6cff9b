import { randomUUID } from 'node:crypto'
import type { NativePart, Part, ReasoningPart, Signature } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asList, asNumber, asObject, asText, objectsOf } from '../../conversation/json.js'
import type { Choice, Reply, Stop } from '../../conversation/reply.js'
import type { Usage } from '../../inference/usage.js'
import { countSearches, readCitations } from './grounding.js'
import { readUsage } from './usage.js'

/** Reads an answer of `generateContent`. Throws for what is none. */
export function readReply(document: Document): Reply {
  const candidates = objectsOf(document['candidates'])
  const blocked = asObject(document['promptFeedback'])
  if (candidates.length === 0 && !blocked) throw new Error('The reply has no candidates.')
  const head = readHead(document)
  const usage = withSearches(readUsage(document['usageMetadata']), candidates, head.model)
  return {
    ...head,
    choices:
      candidates.length === 0 && blocked
        ? [readBlocked(blocked)]
        : candidates.map((candidate, index) => readCandidate(candidate, head.id, index)),
    usage,
    ...(usage?.serviceTier !== undefined && { serviceTier: usage.serviceTier }),
  }
}

export function readHead(document: Document): Pick<Reply, 'id' | 'model' | 'created'> {
  const createdMs = Date.parse(asText(document['createTime']) ?? '')
  return {
    id: asText(document['responseId']) ?? '',
    model: asText(document['modelVersion']) ?? '',
    created: Math.floor((Number.isNaN(createdMs) ? Date.now() : createdMs) / 1000),
  }
}

export function withSearches(
  usage: Usage | undefined,
  candidates: Document[],
  model: string,
): Usage | undefined {
  const webSearches = usage ? countSearches(candidates, model) : 0
  return usage && webSearches > 0 ? { ...usage, webSearches } : usage
}

/** The prompt itself was refused. */
export function readBlocked(feedback: Document): Choice {
  const text = asText(feedback['blockReasonMessage'])
  return { parts: text ? [{ type: 'refusal', text }] : [], stop: { reason: 'content_filter' } }
}

function readCandidate(candidate: Document, replyId: string, index: number): Choice {
  const parts: Part[] = []
  for (const [at, part] of objectsOf(asObject(candidate['content'])?.['parts']).entries()) {
    for (const read of readPart(part, callId(replyId, index, at))) join(parts, read)
  }
  cite(parts, candidate)
  const stop = readStop(candidate, parts.some(isCall))
  const complaint = readComplaint(candidate, stop, parts.length === 0)
  if (complaint) parts.push(complaint)
  const logprobs = readLogprobs(candidate)
  return { parts, stop, ...(logprobs !== undefined && { logprobs }) }
}

const isCall = (part: Part): boolean => part.type === 'tool_call'

/** Gemini cuts one text into several parts, as its stream came. */
function join(parts: Part[], part: Part): void {
  const last = parts.at(-1)
  if (last?.type === 'text' && part.type === 'text') last.text += part.text
  else parts.push(part)
}

function cite(parts: Part[], candidate: Document): void {
  const texts = parts.filter((part) => part.type === 'text')
  const [first] = texts
  if (!first) return
  const citations = readCitations(candidate, texts.map(({ text }) => text).join(''))
  if (citations.length === 0) return
  if (texts.length === 1) {
    first.citations = citations
    return
  }
  // A range over several parts is told of the one that it begins in.
  let from = 0
  for (const part of texts) {
    const to = from + part.text.length
    const own = citations.filter(({ start = 0 }) => start >= from && start < to)
    const shift = from
    if (own.length > 0) {
      part.citations = own.map((citation) =>
        citation.start === undefined
          ? citation
          : { ...citation, start: citation.start - shift, end: (citation.end ?? to) - shift },
      )
    }
    from = to
  }
}

/** A part of a candidate: none, itself, or itself and the proof of the thought before it. */
export function readPart(part: Document, madeUpId: string): Part[] {
  const signature = readSignature(part)
  const call = asObject(part['functionCall'] ?? part['function_call'])
  if (call) {
    return [
      {
        type: 'tool_call',
        id: asText(call['id']) || madeUpId,
        name: asText(call['name']) ?? '',
        arguments: JSON.stringify(asObject(call['args']) ?? {}),
        ...(signature && { signature }),
      },
    ]
  }
  const text = asText(part['text'])
  if (text !== undefined && part['thought'] === true) {
    if (text === '' && !signature) return []
    return [{ type: 'reasoning', text, isSummary: true, ...(signature && { signature }) }]
  }
  if (text !== undefined) {
    return [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...proofOfText(signature)]
  }
  const name = Object.keys(part).find((field) => !aside.has(field))
  if (name === undefined) return proofOfText(signature)
  const image = readImage(asObject(part[name]))
  return [{ type: 'native', dialect: 'gemini', name, value: part, ...(image && { image }) }]
}

/** A picture that the model has made. */
function readImage(media: Document | undefined): NativePart['image'] {
  const [mediaType = '', data] = [media?.['mimeType'], media?.['data']].map(asText)
  return mediaType.startsWith('image/') && data !== undefined
    ? { kind: 'base64', mediaType, data }
    : undefined
}

const aside = new Set(['thought', 'thoughtSignature', 'partMetadata', 'videoMetadata', 'mediaResolution'])

/** Gemini proves a hidden thought on the text that came of it: as reasoning without words, after the text. */
const proofOfText = (signature: Signature | undefined): ReasoningPart[] =>
  signature ? [{ type: 'reasoning', text: '', signature }] : []

function readSignature(part: Document): Signature | undefined {
  const value = asText(part['thoughtSignature'] ?? part['thought_signature'])
  return value ? { by: 'gemini', value } : undefined
}

/** The id of a call that Gemini gave none: the same whenever the same reply is read. */
export function callId(replyId: string, choice: number, at: number): string {
  const reply = replyId.replace(/[^\w-]/g, '') || randomUUID().replaceAll('-', '')
  return `call_${reply}_${choice === 0 ? '' : `${choice}_`}${at}`
}

const filtered = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
  'MODEL_ARMOR',
])

export function readStop(candidate: Document, hasCalls: boolean): Stop {
  const reason = asText(candidate['finishReason']) ?? 'STOP'
  if (reason === 'MAX_TOKENS') return { reason: 'length' }
  if (filtered.has(reason)) return { reason: 'content_filter' }
  return { reason: hasCalls ? 'tool_calls' : 'end' }
}

/**
 * Gemini ends without a word when its model wrote no valid call, and says so only in its reason
 * (MALFORMED_FUNCTION_CALL, OTHER, …): an application must not take that for an empty answer.
 */
export function readComplaint(candidate: Document, stop: Stop, isEmpty: boolean): Part | undefined {
  const reason = asText(candidate['finishReason']) ?? 'STOP'
  if (!isEmpty || stop.reason !== 'end' || reason === 'STOP') return undefined
  stop.reason = 'refusal'
  return { type: 'refusal', text: asText(candidate['finishMessage']) || `The model ended with ${reason}.` }
}

/** In OpenAI's shape. */
export function readLogprobs(candidate: Document): unknown {
  const result = asObject(candidate['logprobsResult'])
  const chosen = objectsOf(result?.['chosenCandidates'])
  if (chosen.length === 0) return undefined
  const alternatives = asList(result?.['topCandidates'])
  return {
    content: chosen.map((token, at) => ({
      ...readToken(token),
      top_logprobs: objectsOf(asObject(alternatives[at])?.['candidates']).map(readToken),
    })),
    refusal: null,
  }
}

function readToken(candidate: Document) {
  const token = asText(candidate['token']) ?? ''
  return { token, logprob: asNumber(candidate['logProbability']) ?? 0, bytes: [...Buffer.from(token)] }
}
