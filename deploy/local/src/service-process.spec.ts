import { describe, expect, it } from 'vitest'
import { stopTimeoutMs } from './service-process.js'

/** What `libs/http` gives a service besides what it drains. */
const closeMs = 15_000

describe('a service that is told to stop', () => {
  it('is killed no sooner than it gives up by itself, however long it may drain', () => {
    expect(stopTimeoutMs({})).toBeGreaterThan(10_000 + closeMs)
    expect(stopTimeoutMs({ WEIR_DRAIN_MS: '120000' })).toBeGreaterThan(120_000 + closeMs)
  })
})
