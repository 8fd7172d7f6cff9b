import { describe, expect, it } from 'vitest'
import { RateCounter } from './rate-counter.js'
import { formatReset, limitHeaders } from './rate-headers.js'

describe('the headers of limits', () => {
  it.each([
    [0, '0ms'],
    [20, '20ms'],
    [1_000, '1s'],
    [59_001, '1m0s'],
    [360_000, '6m0s'],
    [-5, '0ms'],
  ])('write %i ms as OpenAI does', (ms, text) => expect(formatReset(ms)).toBe(text))

  it('are of the limit that is nearest to its end', () => {
    const counter = (kind: 'requests' | 'tokens' | 'parallel_requests', maximum: number) =>
      new RateCounter(`it/${maximum}`, 'it', kind, maximum, () => undefined)
    const counters = [counter('requests', 50), counter('requests', 10), counter('parallel_requests', 1)]
    expect(limitHeaders(counters, 0)).toEqual({
      'x-ratelimit-limit-requests': '10',
      'x-ratelimit-remaining-requests': '10',
      'x-ratelimit-reset-requests': '0ms',
    })
    expect(limitHeaders([], 0)).toEqual({})
  })
})
