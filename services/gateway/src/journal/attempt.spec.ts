import { describe, expect, it } from 'vitest'
import { startOf } from '../testing/attempts.js'
import { interruptedEnd } from './attempt.js'

describe('an attempt whose process died', () => {
  const progress = { upstreamStatus: 200, firstByteMs: 5, durationMs: 40, outputTokens: 7 }

  it('owes the tokens of its text and what had come', () => {
    expect(interruptedEnd(startOf({ estimatedInputTokens: 5 }), progress)).toMatchObject({
      ...{
        outcome: 'interrupted',
        usageSource: 'estimated',
        inputTokens: 5,
        outputTokens: 7,
        durationMs: 40,
      },
    })
  })

  it('owes what it was expected to use where that is not tokens of text', () => {
    const counts = {
      inputTokens: 0,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
    }
    const start = startOf({ estimatedInputTokens: 6_000_000, expectedUsage: { ...counts, audioSeconds: 90 } })
    expect(interruptedEnd(start, undefined)).toMatchObject({ ...counts, audioSeconds: 90, durationMs: 0 })
  })
})
