import type { RateCounter } from './rate-counter.js'

/** A time as OpenAI writes it: 20ms, 1s, 6m0s. */
export function formatReset(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.ceil(ms))}ms`
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

/** OpenAI's headers: of the requests and of the tokens that limit nearest to its end. */
export function limitHeaders(counters: readonly RateCounter[], nowMs: number): Record<string, string> {
  let requests: RateCounter | undefined
  let tokens: RateCounter | undefined
  for (const counter of counters) {
    if (counter.kind === 'requests') requests = nearest(requests, counter)
    else if (counter.kind !== 'parallel_requests') tokens = nearest(tokens, counter)
  }
  const headers: Record<string, string> = {}
  if (requests) put(headers, 'requests', requests, nowMs)
  if (tokens) put(headers, 'tokens', tokens, nowMs)
  return headers
}

const nearest = (one: RateCounter | undefined, other: RateCounter): RateCounter =>
  one && one.remaining <= other.remaining ? one : other

function put(headers: Record<string, string>, what: string, counter: RateCounter, nowMs: number): void {
  headers[`x-ratelimit-limit-${what}`] = String(counter.maximum)
  headers[`x-ratelimit-remaining-${what}`] = String(counter.remaining)
  headers[`x-ratelimit-reset-${what}`] = formatReset(counter.resetAtMs - nowMs)
}
