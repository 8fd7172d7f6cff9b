import { serviceTierOf } from '@weir/rating'
import type { Document } from '../../conversation/dialect.js'
import { asObject, objectsOf } from '../../conversation/json.js'
import { toCount, type Usage } from '../../inference/usage.js'

/**
 * The usage of a response in disjoint buckets: its input contains what was read from and written to
 * the cache, its output contains the reasoning. Undefined when the counts cannot be true.
 */
export function readUsage(value: unknown): Usage | undefined {
  const usage = asObject(value)
  const input = toCount(usage?.['input_tokens'])
  const output = toCount(usage?.['output_tokens'])
  if (!usage || input === undefined || output === undefined) return undefined
  const inputDetails = asObject(usage['input_tokens_details'])
  const cached = Math.min(toCount(inputDetails?.['cached_tokens']) ?? 0, input)
  const written = Math.min(toCount(inputDetails?.['cache_write_tokens']) ?? 0, input - cached)
  const reasoning = toCount(asObject(usage['output_tokens_details'])?.['reasoning_tokens']) ?? 0
  const isApart = countsApart(toCount(usage['total_tokens']), { input, output, reasoning })
  return {
    source: 'reported',
    inputTokens: input - cached - written,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    outputTokens: isApart ? output : Math.max(0, output - reasoning),
    reasoningTokens: isApart ? reasoning : Math.min(reasoning, output),
  }
}

/** Some vendors count reasoning beside the output: the total tells. */
function countsApart(
  total: number | undefined,
  { input, output, reasoning }: { input: number; output: number; reasoning: number },
): boolean {
  return total === input + output ? false : total === input + output + reasoning || reasoning > output
}

/** The usage of a response, with what its own tools did and how it was served. */
export function readResponseUsage(response: Document): Usage | undefined {
  const usage = readUsage(response['usage'])
  if (!usage) return undefined
  const items = objectsOf(response['output'])
  const web = toCount(asObject(asObject(response['tool_usage'])?.['web_search'])?.['num_requests'])
  const webSearches = web ?? items.filter(isSearch).length
  const fileSearches = items.filter(({ type }) => type === 'file_search_call').length
  const serviceTier = serviceTierOf(response['service_tier'])
  return {
    ...usage,
    ...(webSearches > 0 && { webSearches }),
    ...(fileSearches > 0 && { fileSearches }),
    ...(serviceTier !== undefined && { serviceTier }),
  }
}

/** Opening a page that was found is not charged. */
const isSearch = (item: Document): boolean =>
  item['type'] === 'web_search_call' && (asObject(item['action'])?.['type'] ?? 'search') === 'search'

/** Usage as a response tells it. */
export function writeUsage(usage: Usage): Document {
  const input =
    usage.inputTokens +
    usage.cacheWriteTokens +
    (usage.cacheWrite1hTokens ?? 0) +
    (usage.audioInputTokens ?? 0) +
    (usage.imageInputTokens ?? 0) +
    (usage.videoInputTokens ?? 0)
  const cached =
    usage.cachedInputTokens + (usage.cachedAudioInputTokens ?? 0) + (usage.cachedImageInputTokens ?? 0)
  const output =
    usage.outputTokens +
    usage.reasoningTokens +
    (usage.audioOutputTokens ?? 0) +
    (usage.imageOutputTokens ?? 0) +
    (usage.videoOutputTokens ?? 0)
  return {
    input_tokens: input + cached,
    input_tokens_details: {
      cached_tokens: cached,
      cache_write_tokens: usage.cacheWriteTokens + (usage.cacheWrite1hTokens ?? 0),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: input + cached + output,
  }
}
