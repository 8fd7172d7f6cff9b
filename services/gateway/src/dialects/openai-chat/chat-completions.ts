import { estimateTokens, type Usage } from '../../inference/usage.js'

/** A chat completion request as it came: every field that is not named here passes through untouched. */
export interface ChatDocument {
  model: string
  stream?: boolean
  stream_options?: Record<string, unknown> | null
  [field: string]: unknown
}

/** Whether the caller wants usage in the stream: OpenAI sends none unless asked. */
export function wantsStreamUsage(document: ChatDocument): boolean {
  return document.stream_options?.['include_usage'] === true
}

/** The request's body for a provider: its own name of the model, and usage in every stream. */
export function toUpstreamBody(document: ChatDocument, providerModel: string): string {
  if (document.stream !== true) return JSON.stringify({ ...document, model: providerModel })
  return JSON.stringify({
    ...document,
    model: providerModel,
    stream_options: { ...document.stream_options, include_usage: true },
  })
}

interface OpenAiUsage {
  prompt_tokens?: unknown
  completion_tokens?: unknown
  cached_tokens?: unknown
  prompt_cache_hit_tokens?: unknown
  prompt_tokens_details?: { cached_tokens?: unknown; cache_write_tokens?: unknown } | null
  completion_tokens_details?: { reasoning_tokens?: unknown } | null
}

const maxTokens = 2 ** 32 - 1

/** A count that a provider reported; undefined for what cannot be one. */
function toCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxTokens
    ? value
    : undefined
}

/**
 * OpenAI's usage in disjoint buckets: its prompt tokens contain the cached ones, its completion
 * tokens contain the reasoning. Vendors that count reasoning apart, or report cached tokens at the
 * top level, are told by the numbers. Undefined when the counts cannot be true.
 */
export function readUsage(value: unknown): Usage | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const usage = value as OpenAiUsage
  const prompt = toCount(usage.prompt_tokens)
  const completion = toCount(usage.completion_tokens ?? 0)
  if (prompt === undefined || completion === undefined) return undefined
  const cached =
    toCount(
      usage.prompt_tokens_details?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens,
    ) ?? 0
  const written = toCount(usage.prompt_tokens_details?.cache_write_tokens) ?? 0
  const reasoning = toCount(usage.completion_tokens_details?.reasoning_tokens) ?? 0
  return {
    source: 'reported',
    inputTokens: Math.max(0, prompt - cached - written),
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    outputTokens: reasoning <= completion ? completion - reasoning : completion,
    reasoningTokens: reasoning,
  }
}

/** Bytes of everything that a message or delta generates: text, reasoning, refusals, tool arguments. */
function generatedBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value)) return value.reduce<number>((sum, part) => sum + generatedBytes(part), 0)
  if (typeof value !== 'object' || value === null) return 0
  return Object.entries(value).reduce(
    (sum, [field, part]) => (ungenerated.has(field) ? sum : sum + generatedBytes(part)),
    0,
  )
}

const ungenerated = new Set(['role', 'id', 'type', 'finish_reason'])

interface Choices {
  choices?: { delta?: unknown; message?: unknown }[]
}

/** Rough count of the output tokens in a reply or a chunk whose usage nobody reports. */
export function estimateOutputTokens(replies: unknown[]): number {
  let bytes = 0
  for (const reply of replies) {
    const { choices } = reply as Choices
    if (!Array.isArray(choices)) continue
    for (const choice of choices) bytes += generatedBytes(choice?.delta ?? choice?.message)
  }
  return estimateTokens(bytes)
}
