import { AppError } from '@weir/errors'
import type { Price, UsageUnit } from '@weir/rating'
import type { ChatDocument } from '../dialects/openai-chat/chat-completions.js'

/** What an attempt costs at most. */
export interface Bound {
  /** Nano-dollars. */
  amountNanoUsd: bigint
  /** Nano-dollars, when its output is limited as far as that makes sense. */
  leastNanoUsd: bigint
  /** The document with an output limit, without which nothing would be bounded. */
  document: ChatDocument
  /** The document with what fits into an amount, from the least to the whole. */
  limitedTo(amountNanoUsd: bigint): ChatDocument
}

/** What the output is limited by. */
export interface OutputLimits {
  /** Where a request says nothing. */
  defaultTokens: number
  /** The field that is set where a request has none. */
  field: 'max_tokens' | 'max_completion_tokens'
}

/** Below that many tokens an answer is of no use to anybody. */
const leastOutputTokens = 16

/** Special tokens around the messages and tools; the bytes of their JSON are more than that anyway. */
const overheadTokens = 64

/** An image, sound or file that is only named in the request, or compressed: dearer than any vendor counts one. */
const mediaTokens = 50_000

const inputUnits: readonly UsageUnit[] = ['input', 'cache_read', 'cache_write']
const outputUnits: readonly UsageUnit[] = ['output', 'reasoning']

/**
 * An upper bound of what an attempt costs: every byte a token, the whole output that it may ask for
 * in each of its choices, and the dearest rate that may apply to either.
 * @param bytes length of the request's body
 * @throws AppError invalid_request for a limit that is no number, unsupported_model for a price that leaves
 *   out what will be used
 */
export function boundOf(document: ChatDocument, bytes: number, price: Price, limits: OutputLimits): Bound {
  const choices = BigInt(readCount(document, 'n') ?? 1)
  const asked = [readCount(document, 'max_tokens'), readCount(document, 'max_completion_tokens')]
  const sent = asked.filter((count) => count !== undefined)
  const tokens = BigInt(sent.length > 0 ? Math.max(...sent) : limits.defaultTokens)
  const inputTokens = BigInt(bytes + overheadTokens + mediaTokens * countMedia(document))
  const input = inputTokens * dearest(price, inputUnits, inputTokens, document.model)
  const perToken = choices * dearest(price, outputUnits, inputTokens, document.model)
  // Rounded up, where the ledger rounds to the nearest.
  const costOf = (outputTokens: bigint): bigint => (input + outputTokens * perToken + 999_999n) / 1_000_000n
  const least = BigInt(leastOutputTokens)
  return {
    amountNanoUsd: costOf(tokens),
    leastNanoUsd: costOf(tokens < least ? tokens : least),
    document: sent.length > 0 ? document : { ...document, [limits.field]: limits.defaultTokens },
    limitedTo(amountNanoUsd) {
      const fits = perToken === 0n ? tokens : (amountNanoUsd * 1_000_000n - input) / perToken
      if (fits >= tokens) return this.document
      return limitOutput(document, Number(fits), limits.field)
    },
  }
}

/** Every limit that was sent is lowered: which of them counts is the provider's affair. */
function limitOutput(document: ChatDocument, tokens: number, field: OutputLimits['field']): ChatDocument {
  const limited: ChatDocument = { ...document }
  const fields = (['max_tokens', 'max_completion_tokens'] as const).filter((name) => isSent(document[name]))
  for (const name of fields.length > 0 ? fields : [field]) {
    const sent = document[name]
    limited[name] = typeof sent === 'number' ? Math.min(sent, tokens) : tokens
  }
  return limited
}

const isSent = (value: unknown): boolean => value !== undefined && value !== null

/** What one provider takes for a number and another for nothing must not decide what is held. */
function readCount(document: ChatDocument, field: string): number | undefined {
  const value = document[field]
  if (!isSent(value)) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw AppError.of(
    'invalid_request',
    { reason: `${field}: must be a whole number of 1 or more` },
    { param: field },
  )
}

/** Parts of messages that are not text. */
function countMedia(document: ChatDocument): number {
  const messages = document['messages']
  if (!Array.isArray(messages)) return 0
  let count = 0
  for (const message of messages as ({ content?: unknown } | null)[]) {
    const content = message?.content
    if (!Array.isArray(content)) continue
    for (const part of content as ({ type?: unknown } | null)[]) {
      if (part?.type !== 'text' && part?.type !== 'refusal') count++
    }
  }
  return count
}

/** The dearest of the rates that may apply to some units, given how many input tokens there are at most. */
function dearest(price: Price, units: readonly UsageUnit[], inputTokens: bigint, model: string): bigint {
  let found: bigint | undefined
  let isWhole = false
  for (const { unit, nanoUsdPerMillion, aboveInputTokens } of price.rates) {
    if (!units.includes(unit) || (aboveInputTokens > 0n && aboveInputTokens >= inputTokens)) continue
    if (found === undefined || nanoUsdPerMillion > found) found = nanoUsdPerMillion
    if (unit === units[0] && aboveInputTokens === 0n) isWhole = true
  }
  if (found !== undefined && isWhole) return found
  const reason = `its price has no rate for ${units[0]}, and a budget allows nothing whose cost is not known`
  throw AppError.of('unsupported_model', { model, reason }, { param: 'model' })
}
