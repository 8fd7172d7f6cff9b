/** Of latencies, in milliseconds; NaN when there is no sample. */
export interface Distribution {
  samples: number
  p50: number
  p90: number
  p99: number
  max: number
}

/** Nearest rank: the smallest sample that at least `share` (0 to 1) of the samples do not exceed. `sorted` ascends. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return NaN
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[rank - 1] ?? NaN
}

/** Every sample counts: no buckets, no estimate. */
export function distribution(samples: readonly number[]): Distribution {
  const sorted = Float64Array.from(samples).sort()
  return {
    samples: sorted.length,
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p99: percentile(sorted, 0.99),
    max: percentile(sorted, 1),
  }
}

/** The middle of the values, the mean of the two middle ones for an even count; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half]
  if (upper === undefined) return NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2
}
