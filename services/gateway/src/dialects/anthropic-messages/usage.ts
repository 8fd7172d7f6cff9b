import { serviceTierOf } from '@weir/rating'
import type { Document } from '../../conversation/dialect.js'
import { asObject, objectsOf } from '../../conversation/json.js'
import { toCount, type Usage } from '../../inference/usage.js'

/**
 * Anthropic's usage in disjoint buckets: its input is fresh alone, its output contains the thinking.
 * What it took to shorten a long conversation (`compaction`) is charged, and stands only among the
 * iterations. Undefined when the counts cannot be true.
 */
export function readUsage(value: unknown): Usage | undefined {
  const usage = asObject(value)
  const counts = usage && readCounts(usage)
  if (!usage || !counts) return undefined
  for (const iteration of objectsOf(usage['iterations'])) {
    if (iteration['type'] !== 'compaction') continue
    const compacted = readCounts(iteration)
    if (!compacted) return undefined
    for (const name of countNames) counts[name] += compacted[name]
  }
  const { cacheWrite1hTokens, ...rest } = counts
  const webSearches = toCount(asObject(usage['server_tool_use'])?.['web_search_requests'] ?? 0) ?? 0
  const serviceTier = serviceTierOf(usage['speed']) ?? serviceTierOf(usage['service_tier'])
  return {
    source: 'reported',
    ...rest,
    ...(cacheWrite1hTokens > 0 && { cacheWrite1hTokens }),
    ...(webSearches > 0 && { webSearches }),
    ...(serviceTier !== undefined && { serviceTier }),
  }
}

const countNames = [
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  'outputTokens',
  'reasoningTokens',
] as const

function readCounts(usage: Document): Record<(typeof countNames)[number], number> | undefined {
  const input = toCount(usage['input_tokens'])
  const output = toCount(usage['output_tokens'] ?? 0)
  const read = toCount(usage['cache_read_input_tokens'] ?? 0)
  const created = asObject(usage['cache_creation'])
  const hour = toCount(created?.['ephemeral_1h_input_tokens'] ?? 0)
  const minutes = toCount(created?.['ephemeral_5m_input_tokens'] ?? 0)
  const thought = toCount(asObject(usage['output_tokens_details'])?.['thinking_tokens'] ?? 0)
  if (input === undefined || output === undefined || read === undefined || thought === undefined)
    return undefined
  if (hour === undefined || minutes === undefined) return undefined
  const written = toCount(usage['cache_creation_input_tokens'] ?? hour + minutes)
  if (written === undefined) return undefined
  const cacheWrite1hTokens = Math.min(hour, written)
  const reasoningTokens = Math.min(thought, output)
  return {
    inputTokens: input,
    cachedInputTokens: read,
    cacheWriteTokens: written - cacheWrite1hTokens,
    cacheWrite1hTokens,
    outputTokens: output - reasoningTokens,
    reasoningTokens,
  }
}

/** What a stream told at its start, overwritten by what it tells at its end: those numbers are of the whole. */
export function mergeUsage(start: Document, end: Document): Document {
  const told = Object.entries(end).filter(([, value]) => value !== null && value !== undefined)
  return { ...start, ...Object.fromEntries(told) }
}

/** Usage as Anthropic counts it, of a whole message. */
export function writeUsage(usage: Usage | undefined): Document {
  const hour = usage?.cacheWrite1hTokens ?? 0
  const minutes = usage?.cacheWriteTokens ?? 0
  return {
    ...writeDeltaUsage(usage),
    cache_creation: { ephemeral_5m_input_tokens: minutes, ephemeral_1h_input_tokens: hour },
    inference_geo: null,
    service_tier: usage?.serviceTier === 'priority' ? 'priority' : 'standard',
    speed: null,
  }
}

/** Usage as the last event of a message tells it. */
export function writeDeltaUsage(usage: Usage | undefined): Document {
  const thought = usage?.reasoningTokens ?? 0
  const searches = usage?.webSearches ?? 0
  const ofMedia = [usage?.audioInputTokens, usage?.imageInputTokens, usage?.videoInputTokens]
  const cachedMedia = [usage?.cachedAudioInputTokens, usage?.cachedImageInputTokens]
  const madeMedia = [usage?.audioOutputTokens, usage?.imageOutputTokens, usage?.videoOutputTokens]
  return {
    input_tokens: sum(usage?.inputTokens, ...ofMedia),
    cache_creation_input_tokens: sum(usage?.cacheWriteTokens, usage?.cacheWrite1hTokens),
    cache_read_input_tokens: sum(usage?.cachedInputTokens, ...cachedMedia),
    output_tokens: sum(usage?.outputTokens, thought, ...madeMedia),
    output_tokens_details: thought > 0 ? { thinking_tokens: thought } : null,
    server_tool_use: searches > 0 ? { web_search_requests: searches, web_fetch_requests: 0 } : null,
  }
}

const sum = (...counts: (number | undefined)[]): number =>
  counts.reduce<number>((all, count) => all + (count ?? 0), 0)
