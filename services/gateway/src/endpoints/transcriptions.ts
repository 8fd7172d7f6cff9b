import type { UsageCounts } from '@weir/rating'
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Document } from '../conversation/dialect.js'
import { asNumber, asObject } from '../conversation/json.js'
import type { AttemptedCall, RequestDocument, WholeReply } from '../inference/endpoint.js'
import { noUsage, toCount, type Usage } from '../inference/usage.js'
import type { ProviderType } from '../providers/provider-type.js'
import { fieldPart, type Part, readForm, writeForm } from './multipart.js'
import { invalid, isSoldBy, operation, OperationExchange, tokensOf } from './operation.js'
import { secondsOfSound, secondsOfSubtitles } from './sound-length.js'

/** Tokens of a second of sound, at OpenAI. */
const tokensPerSecond = 10

const declaration = {
  name: 'transcriptions',
  isBinary: true,
  expected: (attempted: AttemptedCall) => {
    const { body, headers } = attempted.call
    const sound = readForm(body, headers['content-type'] ?? '').find(({ name }) => name === 'file')
    return countSound(attempted, secondsOfSound(sound?.content ?? Buffer.alloc(0)))
  },
  lastEvent: /^(\{"type": ?")?transcript\.text\.done/,
  readUsage(reply: Document, attempted: AttemptedCall): Usage | undefined {
    const usage = asObject(reply['usage'])
    const seconds =
      asNumber(usage?.['seconds']) ?? asNumber(reply['duration']) ?? asNumber(usage?.['prompt_audio_seconds'])
    const tokens = readTokens(usage)
    if (tokens && !isSoldBy(attempted, 'second')) return tokens
    if (seconds === undefined || !(seconds >= 0)) return undefined
    return { ...noUsage, source: 'reported', audioSeconds: Math.ceil(seconds) }
  },
} as const

/** OpenAI's transcriptions: a form with a recording. */
export const transcriptions = operation({
  ...declaration,
  scope: 'audio',
  read: readFields,
  check: () => undefined,
  exchange: (attempted, type) => new TranscriptionExchange(attempted, type),
})

/** The fields of the form; the recording is read when it is sent. */
function readFields(body: Buffer, headers: IncomingHttpHeaders): RequestDocument {
  const parts = readForm(body, headers['content-type'] ?? '')
  // A field may have any name, that of a method of objects too.
  const fields = Object.create(null) as Document
  for (const { name, filename, content } of parts) {
    if (filename !== undefined) continue
    const value = content.toString()
    const key = name.endsWith('[]') ? name.slice(0, -2) : name
    const known = fields[key]
    if (name.endsWith('[]')) fields[key] = [...((known as string[] | undefined) ?? []), value]
    else if (known !== undefined) throw invalid(name, 'is given twice')
    else fields[key] = value
  }
  const { model, stream, ...others } = fields
  if (typeof model !== 'string' || model === '') throw invalid('model', 'must be the name of a model')
  if (stream !== undefined && stream !== 'true' && stream !== 'false') {
    throw invalid('stream', 'must be true or false')
  }
  if (!parts.some(({ name, filename }) => name === 'file' && filename !== undefined)) {
    throw invalid('file', 'must be a recording, with the name of its file')
  }
  return { ...others, model, ...(stream !== undefined && { stream: stream === 'true' }) }
}

class TranscriptionExchange extends OperationExchange {
  constructor(attempted: AttemptedCall, type: ProviderType) {
    const { call, document, model } = attempted
    const parts = readForm(call.body, call.headers['content-type'] ?? '')
    const boundary = `weir-${randomUUID()}`
    const sent = withFields(parts, { ...document, model: model.providerModel })
    const contentType = `multipart/form-data; boundary=${boundary}`
    super(declaration, attempted, type, { bytes: writeForm(sent, boundary), contentType })
    this.headers['accept'] = '*/*'
  }

  override readWhole(body: Buffer, contentType: string): WholeReply {
    if (/json/i.test(contentType)) return super.readWhole(body, contentType)
    // Text alone says nothing of what was used, subtitles how long they are.
    const text = body.toString()
    const seconds = secondsOfSubtitles(text)
    const counts = seconds === undefined ? this.expected : countSound(this.attempted, seconds)
    const outputTokens = counts.audioInputTokens === undefined ? 0 : tokensOf([text])
    const usage: Usage = { ...this.expected, ...counts, outputTokens }
    return { body, contentType, usage, estimateOutputTokens: () => 0 }
  }
}

/** What sound is worth if nobody says. */
function countSound(attempted: AttemptedCall, seconds: number): Partial<UsageCounts> {
  const whole = Math.max(1, Math.ceil(seconds))
  const isSoldByToken = isSoldBy(attempted, 'input') || isSoldBy(attempted, 'audio_input')
  if (isSoldBy(attempted, 'second') || !isSoldByToken) return { audioSeconds: whole }
  return { audioInputTokens: whole * tokensPerSecond }
}

/** The form with these fields; files stay as they are. */
function withFields(parts: readonly Part[], document: RequestDocument): Part[] {
  const fields = Object.entries(document).flatMap(([name, value]) => {
    if (value === undefined || value === null) return []
    if (Array.isArray(value)) return value.map((item) => fieldPart(`${name}[]`, String(item)))
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return [fieldPart(name, text)]
  })
  return [...fields, ...parts.filter(({ filename }) => filename !== undefined)]
}

function readTokens(usage: Document | undefined): Usage | undefined {
  const input = toCount(usage?.['input_tokens'])
  const outputTokens = toCount(usage?.['output_tokens'])
  if (input === undefined || outputTokens === undefined) return undefined
  const sound = toCount(asObject(usage?.['input_token_details'])?.['audio_tokens'])
  const audioInputTokens = Math.min(input, sound ?? 0)
  return {
    ...noUsage,
    source: 'reported',
    inputTokens: input - audioInputTokens,
    audioInputTokens,
    outputTokens,
  }
}
