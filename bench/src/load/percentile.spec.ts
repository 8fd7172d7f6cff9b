import { describe, expect, it } from 'vitest'
import { distribution, median, percentile } from './percentile.js'

describe('percentile', () => {
  it('is the nearest rank', () => {
    const sorted = Array.from({ length: 100 }, (_, i) => i + 1)
    expect([0, 0.005, 0.5, 0.99, 0.991, 1].map((share) => percentile(sorted, share))).toEqual([
      1, 1, 50, 99, 100, 100,
    ])
  })

  it('has no value without samples', () => {
    expect(percentile([], 0.5)).toBeNaN()
  })

  it('of a distribution sorts numbers as numbers', () => {
    expect(distribution([10, 9, 100, 1, 2])).toEqual({ samples: 5, p50: 9, p90: 100, p99: 100, max: 100 })
  })
})

describe('median', () => {
  it('is the middle, or between the two middles', () => {
    expect(median([10, 1, 9])).toBe(9)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([])).toBeNaN()
  })
})
