/** Tokens of an attempt in disjoint buckets: each token is in exactly one. */
export interface Usage {
  /** reported (by the provider), estimated, none. */
  source: 'reported' | 'estimated' | 'none'
  inputTokens: number
  cachedInputTokens: number
  cacheWriteTokens: number
  outputTokens: number
  reasoningTokens: number
}

/** Of an attempt for which nothing can be owed. */
export const noUsage: Usage = {
  source: 'none',
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
}

/** UTF-8 bytes in a token, on average, in English prose and code. */
const bytesPerToken = 4

/** A rough count for text whose tokens nobody reports. */
export const estimateTokens = (bytes: number): number => Math.ceil(bytes / bytesPerToken)

/** Of an attempt that the provider does not report: what was sent and what came back. */
export function estimatedUsage(inputTokens: number, outputTokens: number): Usage {
  return { ...noUsage, source: 'estimated', inputTokens, outputTokens }
}
