import { createHash } from 'node:crypto'
import { asList, asNumber, asText, parseObject } from '../../conversation/json.js'
import { readForm } from '../../endpoints/multipart.js'
import { secondsOfSound } from '../../endpoints/sound-length.js'
import type { UpstreamHandler, UpstreamRequest } from '../../upstream/upstream.js'

type Document = Record<string, unknown>

/** A word: what the sandbox counts as a token. */
const wordsOf = (text: string): string[] => text.match(/\S+/g) ?? []

const isoSecond = 1_700_000_000
const defaultDimensions = 64

/** A picture of one grey pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=='

const answers: Readonly<Record<string, (request: UpstreamRequest, handler: UpstreamHandler) => void>> = {
  '/embeddings': answering(embed),
  '/images': answering(draw),
  '/moderations': answering(moderate),
  '/rerank': answering(rerank),
  '/speech': (_request, handler) => send(handler, 'audio/wav', silence()),
  '/transcriptions': transcribe,
}

/** Answers what is no conversation, from the request alone, always the same; false: it is one. */
export function answerOperation(request: UpstreamRequest, handler: UpstreamHandler): boolean {
  const answer = answers[request.path]
  answer?.(request, handler)
  return answer !== undefined
}

function answering(answer: (document: Document) => object) {
  return ({ body }: UpstreamRequest, handler: UpstreamHandler): void => {
    const document = parseObject(body.toString()) ?? {}
    send(handler, 'application/json', Buffer.from(JSON.stringify(answer(document))))
  }
}

function send(handler: UpstreamHandler, contentType: string, body: Buffer): void {
  handler.onHead(200, { 'content-type': contentType })
  handler.onData(body)
  handler.onEnd()
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map((item) => asText(item) ?? JSON.stringify(item))
}

function embed(document: Document): object {
  const { input, model, encoding_format: format } = document
  const dimensions = asNumber(document['dimensions']) ?? defaultDimensions
  const texts = textsOf(input)
  const tokens = texts.reduce((sum, text) => sum + wordsOf(text).length, 0)
  return {
    object: 'list',
    data: texts.map((text, index) => {
      const vector = vectorOf(text, dimensions)
      const embedding = format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector]
      return { object: 'embedding', index, embedding }
    }),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}

/** A direction that only this text has. */
function vectorOf(text: string, dimensions: number): Float32Array {
  const bytes = Buffer.concat(
    Array.from({ length: Math.ceil(dimensions / 32) }, (_, block) =>
      createHash('sha256').update(`${block} ${text}`).digest(),
    ),
  ).subarray(0, dimensions)
  const length = Math.hypot(...[...bytes].map((byte) => byte - 127.5))
  return Float32Array.from(bytes, (byte) => (byte - 127.5) / length)
}

function draw({ n, response_format: format }: Document): object {
  const image = format === 'url' ? { url: `data:image/png;base64,${pixel}` } : { b64_json: pixel }
  return { created: isoSecond, data: Array.from({ length: asNumber(n) ?? 1 }, () => image) }
}

const categories = [
  ...['harassment', 'harassment/threatening', 'hate', 'hate/threatening', 'illicit', 'illicit/violent'],
  ...['self-harm', 'self-harm/instructions', 'self-harm/intent', 'sexual', 'sexual/minors'],
  ...['violence', 'violence/graphic'],
]

/** Finds of a text what it names. */
function moderate({ input, model }: Document): object {
  const isList = Array.isArray(input) && input.some((item) => typeof item === 'string')
  const texts = isList ? textsOf(input) : [asText(input) ?? JSON.stringify(input)]
  const results = texts.map((text) => {
    const named = categories.map((category) => [category, text.includes(category)] as const)
    return {
      flagged: named.some(([, isNamed]) => isNamed),
      categories: Object.fromEntries(named),
      category_scores: Object.fromEntries(named.map(([category, isNamed]) => [category, isNamed ? 1 : 0])),
      category_applied_input_types: Object.fromEntries(named.map(([category]) => [category, ['text']])),
    }
  })
  return { id: 'modr-sandbox', model, results }
}

/** By how many of the question's words a document has. */
function rerank({ query, documents, top_n: top, model }: Document): object {
  const words = new Set(wordsOf((asText(query) ?? '').toLowerCase()))
  const texts = asList(documents).map((item) => asText(item) ?? JSON.stringify(item))
  const results = texts
    .map((text, index) => {
      const found = new Set(wordsOf(text.toLowerCase()).filter((word) => words.has(word)))
      return { index, relevance_score: words.size === 0 ? 0 : found.size / words.size }
    })
    .sort((left, right) => right.relevance_score - left.relevance_score || left.index - right.index)
  const searches = Math.ceil(texts.length / 100)
  return {
    ...{ id: 'rerank-sandbox', model, results: results.slice(0, asNumber(top) ?? results.length) },
    meta: { billed_units: { search_units: searches } },
  }
}

/** A quarter of a second of silence, as a WAV file. */
function silence(): Buffer {
  const bytes = 12_000
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + bytes, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(24_000, 24)
  head.writeUInt32LE(48_000, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(bytes, 40)
  return Buffer.concat([head, Buffer.alloc(bytes)])
}

function transcribe({ body, headers }: UpstreamRequest, handler: UpstreamHandler): void {
  const parts = readForm(Buffer.from(body), headers['content-type'] ?? '')
  const field = (name: string) => parts.find((part) => part.name === name)?.content
  const sound = field('file') ?? Buffer.alloc(0)
  const seconds = secondsOfSound(sound)
  const text = `${sound.length} bytes of sound, ${seconds} s.`
  const format = field('response_format')?.toString() ?? 'json'
  if (format === 'text') return send(handler, 'text/plain; charset=utf-8', Buffer.from(`${text}\n`))
  const usage = { type: 'duration', seconds }
  const reply =
    format === 'verbose_json'
      ? { task: 'transcribe', language: 'english', duration: seconds, text, segments: [], usage }
      : { text, usage }
  send(handler, 'application/json', Buffer.from(JSON.stringify(reply)))
}
