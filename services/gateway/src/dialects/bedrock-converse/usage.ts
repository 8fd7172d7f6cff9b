import { serviceTierOf } from '@weir/rating'
import type { Document } from '../../conversation/dialect.js'
import { asObject, objectsOf } from '../../conversation/json.js'
import { toCount, type Usage } from '../../inference/usage.js'

/**
 * Bedrock's usage in disjoint buckets: its input is without what was read from or written to the
 * cache; its output contains the reasoning, and does not tell it apart. Undefined when the counts
 * cannot be true.
 */
export function readUsage(value: unknown): Usage | undefined {
  const usage = asObject(value)
  const input = toCount(usage?.['inputTokens'])
  const output = toCount(usage?.['outputTokens'] ?? 0)
  if (!usage || input === undefined || output === undefined) return undefined
  const written = toCount(usage['cacheWriteInputTokens']) ?? 0
  const hour = objectsOf(usage['cacheDetails'])
    .filter(({ ttl }) => ttl === '1h')
    .reduce((sum, { inputTokens }) => sum + (toCount(inputTokens) ?? 0), 0)
  const cacheWrite1hTokens = Math.min(hour, written)
  return {
    source: 'reported',
    inputTokens: input,
    cachedInputTokens: toCount(usage['cacheReadInputTokens']) ?? 0,
    cacheWriteTokens: written - cacheWrite1hTokens,
    outputTokens: output,
    reasoningTokens: 0,
    ...(cacheWrite1hTokens > 0 && { cacheWrite1hTokens }),
  }
}

/** The usage of an answer, or of a stream's metadata, with how it was served. */
export function readDocumentUsage(document: Document): Usage | undefined {
  const usage = readUsage(document['usage'])
  const serviceTier = serviceTierOf(asObject(document['serviceTier'])?.['type'])
  return usage && { ...usage, ...(serviceTier !== undefined && { serviceTier }) }
}
