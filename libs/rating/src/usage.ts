/**
 * What one attempt used, in disjoint buckets: each token, image, character and second is in exactly
 * one of them. Whole numbers of zero or more; a bucket that is left out is zero.
 */
export interface UsageCounts {
  /** Fresh input tokens (text, documents): neither read from a cache nor written to one. */
  inputTokens: number
  /** Input tokens read from the provider's cache. */
  cachedInputTokens: number
  /** Input tokens written to the provider's cache for 5 minutes, or for as long as it keeps them anyway. */
  cacheWriteTokens: number
  /** Output tokens without reasoning. */
  outputTokens: number
  /** Output tokens spent on reasoning. */
  reasoningTokens: number
  /** Input tokens written to the provider's cache for an hour. */
  cacheWrite1hTokens?: number | undefined
  /** Fresh input tokens that are sound. */
  audioInputTokens?: number | undefined
  /** Input tokens that are sound, read from the provider's cache. */
  cachedAudioInputTokens?: number | undefined
  /** Output tokens that are sound. */
  audioOutputTokens?: number | undefined
  /** Fresh input tokens that are images, where the vendor tells them apart. */
  imageInputTokens?: number | undefined
  /** Input tokens that are images, read from the provider's cache. */
  cachedImageInputTokens?: number | undefined
  /** Output tokens that are images. */
  imageOutputTokens?: number | undefined
  /** Input tokens that are video, where the vendor tells them apart. */
  videoInputTokens?: number | undefined
  /** Output tokens that are video. */
  videoOutputTokens?: number | undefined
  /** Tokens of citations, where the vendor charges for them apart (Perplexity). */
  citationTokens?: number | undefined
  /** Images made, where the vendor counts no tokens for them. */
  images?: number | undefined
  /** Characters spoken (Unicode code points), where the vendor counts no tokens for them. */
  characters?: number | undefined
  /** Seconds of sound transcribed, a begun one whole, where the vendor counts no tokens for them. */
  audioSeconds?: number | undefined
  /** Searches of a rerank. */
  searches?: number | undefined
  /** Searches of the web that the provider made for the answer. */
  webSearches?: number | undefined
  /** Searches of files kept at the provider that it made for the answer. */
  fileSearches?: number | undefined
  /** 1 for a request of which the vendor counts nothing else (moderation). */
  chargedRequests?: number | undefined
  /** How it was served, when that changes its price; see `serviceTiers`. Left out: as usual. */
  serviceTier?: string | undefined
}

/** Levels of service that vendors price apart from the usual one. */
export const serviceTiers = ['batch', 'fast', 'flex', 'priority'] as const

/** A level of service that is priced apart from the usual one. */
export type ServiceTier = (typeof serviceTiers)[number]

/**
 * The tier of what a vendor calls it in its answer: undefined for the usual one (`default`,
 * `standard`, `auto`, `on_demand`, …), for prepaid capacity (`scale`), and for what nobody prices.
 */
export function serviceTierOf(value: unknown): ServiceTier | undefined {
  return serviceTiers.find((tier) => tier === value)
}
