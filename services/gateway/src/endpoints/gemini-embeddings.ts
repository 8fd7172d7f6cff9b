import { unsupported } from '../conversation/dialect.js'
import { asList, asNumber, asObject, objectsOf, parseObject } from '../conversation/json.js'
import { gemini as dialect } from '../dialects/gemini/gemini.js'
import { jsonHeaders } from '../inference/conversation-exchange.js'
import type { AttemptedCall, Exchange, Refused, WholeReply } from '../inference/endpoint.js'
import { estimatedUsage, noUsage, toCount, type Usage } from '../inference/usage.js'
import type { ProviderType } from '../providers/provider-type.js'
import { invalid, tokensOf } from './operation.js'

/** Fields that it understands; others are not sent. */
const understood = new Set(['model', 'input', 'dimensions', 'encoding_format'])

/** Texts that are embedded by Gemini's batchEmbedContents. */
export function geminiEmbeddings(attempted: AttemptedCall, type: ProviderType): Exchange {
  const { document, model, provider, call, attemptId } = attempted
  const texts = readTexts(document['input'], model.name)
  const outputDimensionality = asNumber(document['dimensions'])
  const name = `models/${model.providerModel}`
  const requests = texts.map((text) => ({
    model: name,
    content: { parts: [{ text }] },
    ...(outputDimensionality !== undefined && { outputDimensionality }),
  }))
  const unauthorised = {
    path: `/models/${encodeURIComponent(model.providerModel)}:batchEmbedContents`,
    headers: jsonHeaders(attemptId),
    body: JSON.stringify({ requests }),
  }
  type.authorise(unauthorised, provider, call.headers)
  return {
    ...unauthorised,
    ignoredFields: Object.keys(document).filter((field) => !understood.has(field)),
    openStream: () => undefined,
    readWhole: (body) => readWhole(body, texts, attempted),
    readRefusal: (status, body): Refused => {
      const text = body.toString()
      return { error: dialect.readError(status, parseObject(text) ?? text), isOwnDialect: false }
    },
  }
}

function readTexts(input: unknown, model: string): string[] {
  const texts = typeof input === 'string' ? [input] : asList(input)
  return texts.map((text) => {
    if (typeof text === 'string') return text
    if (typeof text === 'number' || Array.isArray(text)) throw unsupported(model, 'embeddings of tokens')
    throw invalid('input', 'must be a text, a list of texts, or tokens')
  })
}

function readWhole(body: Buffer, texts: string[], { model, document }: AttemptedCall): WholeReply {
  const reply = parseObject(body.toString())
  const vectors = objectsOf(reply?.['embeddings']).map(({ values }) => asList(values).map(Number))
  if (vectors.length !== texts.length) throw new Error('its reply has not one embedding for each text.')
  const isPacked = document['encoding_format'] === 'base64'
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: isPacked ? pack(vector) : vector,
  }))
  const usage = readUsage(reply?.['usageMetadata']) ?? estimatedUsage(tokensOf(texts), 0)
  const { inputTokens } = usage
  const shown = {
    ...{ object: 'list', data, model: model.name },
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  }
  return {
    body: JSON.stringify(shown),
    contentType: 'application/json',
    usage,
    estimateOutputTokens: () => 0,
  }
}

function readUsage(value: unknown): Usage | undefined {
  const inputTokens = toCount(asObject(value)?.['promptTokenCount'])
  return inputTokens === undefined ? undefined : { ...noUsage, source: 'reported', inputTokens }
}

/** As OpenAI packs them: 32-bit floats, little-endian, in base64. */
function pack(vector: number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4))
  return bytes.toString('base64')
}
