import { type UsageBucket, type UsageCounts, usageUnitTable } from '@weir/rating'

/**
 * What an attempt used, in disjoint buckets: each token is in exactly one. The five kinds of tokens that
 * nearly every answer has are always there; the others (see UsageCounts) are left out while they are zero,
 * so that they cost nothing where there are none. `cacheWriteTokens` is the 5-minute bucket, and
 * `cacheWrite1hTokens` is not part of it.
 */
export interface Usage extends UsageCounts {
  /** reported (by the provider), estimated, none. */
  source: 'reported' | 'estimated' | 'none'
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

const maxCount = 2 ** 31 - 1

/** A count that a provider reported; undefined for what cannot be one. */
export function toCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxCount
    ? value
    : undefined
}

/** What several attempts used, together. */
export function addUsage(one: Usage, other: Usage): Usage {
  if (other.source === 'none') return one
  if (one.source === 'none') return other
  const sum: Usage = { ...one }
  for (const { bucket } of usageUnitTable) {
    const count = other[bucket]
    if (count) sum[bucket] = (one[bucket] ?? 0) + count
  }
  if (other.source === 'estimated') sum.source = 'estimated'
  return sum
}

const bucketsOf = Object.fromEntries(
  (['input', 'output'] as const).map((side) => [
    side,
    usageUnitTable.filter((row) => row.side === side).map(({ bucket }) => bucket),
  ]),
) as Record<'input' | 'output', UsageBucket[]>

/** All tokens that went in, of whatever kind, or that came out. */
export function tokensOf(usage: Usage, side: 'input' | 'output'): number {
  let tokens = 0
  for (const bucket of bucketsOf[side]) tokens += usage[bucket] ?? 0
  return tokens
}

/** What was used, without how that is known. */
export function countsOf({ source: _source, ...counts }: Usage): UsageCounts {
  return counts
}
