import { estimateTokens } from '../../inference/usage.js'

export { readUsage } from './usage.js'

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
  choices?: { delta?: unknown; message?: unknown; text?: unknown }[]
}

/** Bytes of what replies, or chunks of one, have generated. */
export function generatedBytesOf(replies: unknown[]): number {
  let bytes = 0
  for (const reply of replies) {
    const { choices } = reply as Choices
    if (!Array.isArray(choices)) continue
    for (const choice of choices) bytes += generatedBytes(choice?.delta ?? choice?.message ?? choice?.text)
  }
  return bytes
}

/** Rough count of the output tokens in replies whose usage nobody reports. */
export const estimateOutputTokens = (replies: unknown[]): number => estimateTokens(generatedBytesOf(replies))
