import { serviceTierOf } from '@weir/rating'
import type { Document } from '../../conversation/dialect.js'
import { asNumber, asObject } from '../../conversation/json.js'
import { toCount, type Usage } from '../../inference/usage.js'

/**
 * OpenAI's usage in disjoint buckets: its prompt tokens contain the cached ones, its completion
 * tokens contain the reasoning. Vendors that count reasoning apart, or report cached tokens at the
 * top level, are told by the numbers. Undefined when the counts cannot be true.
 * @param tier `service_tier` of the answer
 */
export function readUsage(value: unknown, tier?: unknown): Usage | undefined {
  const usage = asObject(value)
  if (!usage) return undefined
  const prompt = toCount(usage['prompt_tokens'])
  const completion = toCount(usage['completion_tokens'] ?? 0)
  if (prompt === undefined || completion === undefined) return undefined
  const asked = asObject(usage['prompt_tokens_details'])
  const answered = asObject(usage['completion_tokens_details'])
  const cached =
    toCount(asked?.['cached_tokens'] ?? usage['prompt_cache_hit_tokens'] ?? usage['cached_tokens']) ?? 0
  const written = toCount(asked?.['cache_write_tokens']) ?? 0
  const fresh = Math.max(0, prompt - cached - written)
  const audioInputTokens = Math.min(toCount(asked?.['audio_tokens']) ?? 0, fresh)
  const { output, reasoning } = splitOutput(usage, prompt, completion)
  const audioOutputTokens = Math.min(toCount(answered?.['audio_tokens']) ?? 0, output)
  const serviceTier = serviceTierOf(tier)
  return {
    source: 'reported',
    inputTokens: fresh - audioInputTokens,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    outputTokens: output - audioOutputTokens,
    reasoningTokens: reasoning,
    ...(audioInputTokens > 0 && { audioInputTokens }),
    ...(audioOutputTokens > 0 && { audioOutputTokens }),
    ...(serviceTier !== undefined && { serviceTier }),
  }
}

/** The total tells whether the completion contains the reasoning, and what nobody else has counted. */
function splitOutput(
  usage: Document,
  prompt: number,
  completion: number,
): { output: number; reasoning: number } {
  const told = toCount(asObject(usage['completion_tokens_details'])?.['reasoning_tokens']) ?? 0
  const total = toCount(usage['total_tokens'])
  const all = total === undefined ? undefined : total - prompt
  if (all === completion) {
    const reasoning = Math.min(told, completion)
    return { output: completion - reasoning, reasoning }
  }
  // Google's imitation counts its thoughts in nothing but the total.
  if (told === 0 && all !== undefined && all > completion)
    return { output: completion, reasoning: all - completion }
  if (all === completion + told || told > completion) return { output: completion, reasoning: told }
  return { output: completion - told, reasoning: told }
}

/** Usage of a whole reply or of a chunk; Groq has its own place for it. */
export function readDocumentUsage(document: Document): Usage | undefined {
  return readUsage(document['usage'] ?? asObject(document['x_groq'])?.['usage'], document['service_tier'])
}

/** Usage as OpenAI counts it. */
export function writeUsage(usage: Usage | undefined): Document {
  const read =
    (usage?.cachedInputTokens ?? 0) +
    (usage?.cachedAudioInputTokens ?? 0) +
    (usage?.cachedImageInputTokens ?? 0)
  const written = (usage?.cacheWriteTokens ?? 0) + (usage?.cacheWrite1hTokens ?? 0)
  const audioIn = usage?.audioInputTokens ?? 0
  const audioOut = usage?.audioOutputTokens ?? 0
  const fresh =
    (usage?.inputTokens ?? 0) + audioIn + (usage?.imageInputTokens ?? 0) + (usage?.videoInputTokens ?? 0)
  const said =
    (usage?.outputTokens ?? 0) + audioOut + (usage?.imageOutputTokens ?? 0) + (usage?.videoOutputTokens ?? 0)
  const reasoning = usage?.reasoningTokens ?? 0
  const prompt = fresh + read + written
  const completion = said + reasoning
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: read, audio_tokens: audioIn, cache_write_tokens: written },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: audioOut,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** Seconds since 1970, as the vendor told them or as they are now. */
export const createdOf = (document: Document): number => {
  const created = asNumber(document['created'])
  return created !== undefined && created > 0 ? Math.floor(created) : Math.floor(Date.now() / 1000)
}
