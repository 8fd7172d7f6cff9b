import { serviceTierOf } from '@weir/rating'
import { asObject, objectsOf } from '../../conversation/json.js'
import { toCount, type Usage } from '../../inference/usage.js'

/**
 * Gemini's usage in disjoint buckets: its prompt contains what was cached; prompts of its own tools
 * and thoughts are counted apart from prompt and candidates. Undefined when the counts cannot be true.
 */
export function readUsage(value: unknown): Usage | undefined {
  const metadata = asObject(value)
  if (!metadata || (metadata['promptTokenCount'] ?? metadata['totalTokenCount']) === undefined)
    return undefined
  const prompt = toCount(metadata['promptTokenCount'] ?? 0)
  const cached = toCount(metadata['cachedContentTokenCount'] ?? 0)
  const ofTools = toCount(metadata['toolUsePromptTokenCount'] ?? 0)
  // Vertex AI says `candidatesTokenCount`, its Live API `responseTokenCount`.
  const answered = toCount(metadata['candidatesTokenCount'] ?? metadata['responseTokenCount'] ?? 0)
  const thought = toCount(metadata['thoughtsTokenCount'] ?? 0)
  if (
    prompt === undefined ||
    cached === undefined ||
    ofTools === undefined ||
    answered === undefined ||
    thought === undefined
  ) {
    return undefined
  }
  const read = new Split(Math.min(cached, prompt), metadata['cacheTokensDetails'])
  const asked = new Split(prompt, metadata['promptTokensDetails'])
  const fresh = new Split(prompt - read.whole + ofTools, undefined)
  const output = new Split(answered, metadata['candidatesTokensDetails'])
  const cachedAudio = read.take('AUDIO')
  const cachedImages = read.take('IMAGE')
  const counts = {
    audioInputTokens: fresh.remove(asked.take('AUDIO') - cachedAudio),
    cachedAudioInputTokens: cachedAudio,
    imageInputTokens: fresh.remove(asked.take('IMAGE') - cachedImages),
    cachedImageInputTokens: cachedImages,
    videoInputTokens: fresh.remove(asked.take('VIDEO') - read.of('VIDEO')),
    audioOutputTokens: output.take('AUDIO'),
    imageOutputTokens: output.take('IMAGE'),
    videoOutputTokens: output.take('VIDEO'),
  }
  const told = Object.entries(counts).filter(([, count]) => count > 0)
  const serviceTier = readServiceTier(metadata)
  return {
    source: 'reported',
    inputTokens: fresh.rest,
    cachedInputTokens: read.rest,
    cacheWriteTokens: 0,
    outputTokens: output.rest,
    reasoningTokens: thought,
    ...Object.fromEntries(told),
    ...(serviceTier !== undefined && { serviceTier }),
  }
}

function readServiceTier(metadata: Record<string, unknown>): string | undefined {
  const { serviceTier, trafficType } = metadata
  // The Gemini API: standard, flex, priority. Vertex AI: ON_DEMAND, ON_DEMAND_FLEX, ON_DEMAND_PRIORITY, PROVISIONED_THROUGHPUT.
  const name = typeof serviceTier === 'string' ? serviceTier : trafficType
  return typeof name === 'string'
    ? serviceTierOf(name.toLowerCase().replace(/^on_demand_|^service_tier_/, ''))
    : undefined
}

/** A count of tokens of which some are of a kind that is counted apart. */
class Split {
  rest: number
  private readonly details: Map<string, number>

  constructor(
    readonly whole: number,
    details: unknown,
  ) {
    this.rest = whole
    this.details = new Map(
      objectsOf(details).map(({ modality, tokenCount }) => [String(modality), toCount(tokenCount) ?? 0]),
    )
  }

  of(modality: string): number {
    return this.details.get(modality) ?? 0
  }

  /** Takes the tokens of a modality out of the rest; never more than there are. */
  take(modality: string): number {
    return this.remove(this.of(modality))
  }

  remove(count: number): number {
    const removed = Math.min(Math.max(0, count), this.rest)
    this.rest -= removed
    return removed
  }
}
