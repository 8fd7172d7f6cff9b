import { AppError } from '@weir/errors'
import type { UsageUnit } from '@weir/rating'
import type { EndpointName, RequestDocument } from '../inference/endpoint.js'

/** What a request may use at most, before anything is known of prices. */
export interface Shape {
  /** Tokens that go in. */
  inputTokens(document: RequestDocument, bytes: number): number
  /** How often the output may be made that the request's limit limits; left out: it makes none. */
  choices?(document: RequestDocument): number
  /** Tokens that come out without any limit in the request. */
  unlimitedOutput?(document: RequestDocument, bytes: number): number
  /** What is counted otherwise; left out: nothing. Where the price has no rate for it, it costs nothing. */
  others?(document: RequestDocument, bytes: number): Partial<Record<UsageUnit, number>>
  /** Units of which the price must have at least one. */
  rated: readonly UsageUnit[]
}

/** Special tokens around the messages and tools; the bytes of their JSON are more than that anyway. */
const overheadTokens = 64

/** An image, sound or file that is only named in the request, or compressed: dearer than any vendor counts one. */
const mediaTokens = 50_000

/** A conversation that the provider keeps: as much as the largest context. */
const keptTokens = 1_000_000

/** What vendors tell their models of tools and forms in words of their own: twice the longest. */
const instructionTokens = 1_000
const instructing = ['tools', 'functions', 'response_format', 'output_format', 'output_config', 'text']

/** A tool that the provider runs itself: what it finds comes in as tokens. */
const nativeToolTokens = 100_000
const searchesPerTool = 10

/** Of an image that is made, where a vendor counts tokens for it: three times the dearest. */
const madeImageTokens = 20_000

/** Sound is never compressed further: bytes of a second. */
const leastBytesPerSecond = 500
const soundTokensPerSecond = 50

/** Of speech, for each byte of its text, at the slowest. */
const spokenTokensPerByte = 20

const isSent = (value: unknown): boolean => value !== undefined && value !== null

/** What one provider takes for a number and another for nothing must not decide what is held. */
export function readCount(document: RequestDocument, field: string): number | undefined {
  const value = document[field]
  if (!isSent(value)) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw AppError.of(
    'invalid_request',
    { reason: `${field}: must be a whole number of 1 or more` },
    { param: field },
  )
}

/** Kinds of parts whose bytes are all that they are. */
const textual: ReadonlySet<unknown> = new Set([
  ...['text', 'refusal', 'input_text', 'output_text', 'message', 'reasoning', 'summary_text'],
  ...['tool_use', 'tool_result', 'thinking', 'redacted_thinking'],
  ...['function_call', 'function_call_output', 'custom_tool_call', 'custom_tool_call_output'],
])

/** Parts of messages that are not text, however deep they stand in content. @param isContent the list is of parts */
function countMedia(value: unknown, isContent = false): number {
  if (!Array.isArray(value)) return 0
  let count = 0
  for (const item of value as ({ type?: unknown; content?: unknown; output?: unknown } | null)[]) {
    if (typeof item !== 'object' || item === null) continue
    // A part without a type is nobody's text, a message need not have one.
    if (item.type === undefined ? isContent : !textual.has(item.type)) count++
    if (typeof item.content === 'object') count += countMedia(item.content, true)
    if (typeof item.output === 'object') count += countMedia(item.output, true)
  }
  return count
}

/** Tools that the provider runs, and not the application. */
function countNativeTools(document: RequestDocument): number {
  const { tools } = document
  let count = isSent(document['web_search_options']) ? 1 : 0
  if (!Array.isArray(tools)) return count
  for (const tool of tools as ({ type?: unknown } | null)[]) {
    const type = tool?.type
    if (type !== undefined && type !== 'function' && type !== 'custom') count++
  }
  return count
}

const conversation = (messages: string, documents: readonly string[] = []): Shape => ({
  inputTokens: (document, bytes) => {
    const media = countMedia(document[messages])
    const kept = documents.some((field) => isSent(document[field])) ? keptTokens : 0
    const instructions = instructing.some((field) => isSent(document[field])) ? instructionTokens : 0
    const tools = nativeToolTokens * countNativeTools(document)
    return bytes + overheadTokens + instructions + mediaTokens * media + kept + tools
  },
  choices: () => 1,
  others: (document) => {
    const searches = countNativeTools(document) * searchesPerTool
    return { request: 1, web_search: searches, file_search: searches }
  },
  rated: ['input'],
})

const text = (_document: RequestDocument, bytes: number): number => bytes + overheadTokens

/** Prompts of a completion: each has its own answers. A list of numbers is one prompt, in tokens. */
function countPrompts({ prompt }: RequestDocument): number {
  if (!Array.isArray(prompt)) return 1
  const [first] = prompt as unknown[]
  return typeof first === 'number' ? 1 : Math.max(prompt.length, 1)
}

const countList = (value: unknown): number => (Array.isArray(value) ? value.length : 0)

const choicesOf = (document: RequestDocument): number => readCount(document, 'n') ?? 1

const chat = conversation('messages')

/** What requests of each kind may use. */
export const shapes: Readonly<Record<EndpointName, Shape>> = {
  chat: {
    ...chat,
    choices: choicesOf,
    // What was predicted and does not come is paid for as output.
    unlimitedOutput: (document, bytes) => (isSent(document['prediction']) ? bytes * choicesOf(document) : 0),
  },
  messages: conversation('messages', ['container']),
  responses: conversation('input', ['previous_response_id', 'conversation', 'prompt']),
  completions: {
    ...{ inputTokens: text, others: () => ({ request: 1 }), rated: ['input'] },
    // All of best_of are made and paid for, however few of them are sent.
    choices: (document) =>
      countPrompts(document) * Math.max(readCount(document, 'n') ?? 1, readCount(document, 'best_of') ?? 1),
  },
  // However many texts a batch has, all of them are in the body.
  embeddings: { inputTokens: text, others: () => ({ request: 1 }), rated: ['input'] },
  count_tokens: { inputTokens: () => 0, rated: [] },
  moderations: {
    inputTokens: (document, bytes) => bytes + overheadTokens + mediaTokens * countMedia(document['input']),
    ...{ others: () => ({ request: 1 }), rated: ['input', 'request'] },
  },
  rerank: {
    inputTokens: text,
    // Long documents are cut into several, of 100 of which each search is.
    others: (document, bytes) => ({
      ...{ search: Math.ceil((countList(document['documents']) + bytes / 400) / 100), request: 1 },
    }),
    rated: ['input', 'search', 'request'],
  },
  images: {
    inputTokens: (document, bytes) => bytes + overheadTokens + mediaTokens * countList(document['image']),
    unlimitedOutput: (document) => madeImageTokens * (readCount(document, 'n') ?? 1),
    others: (document) => ({ image: readCount(document, 'n') ?? 1, request: 1 }),
    rated: ['image', 'image_output', 'output', 'request'],
  },
  speech: {
    inputTokens: text,
    unlimitedOutput: (_document, bytes) => spokenTokensPerByte * bytes,
    others: (_document, bytes) => ({ character: bytes, request: 1 }),
    rated: ['character', 'audio_output', 'output', 'request'],
  },
  transcriptions: {
    inputTokens: (_document, bytes) => overheadTokens + secondsOf(bytes) * soundTokensPerSecond,
    unlimitedOutput: (_document, bytes) => secondsOf(bytes) * soundTokensPerSecond,
    others: (_document, bytes) => ({ second: secondsOf(bytes), request: 1 }),
    rated: ['second', 'audio_input', 'input', 'request'],
  },
}

const secondsOf = (bytes: number): number => Math.ceil(bytes / leastBytesPerSecond)
