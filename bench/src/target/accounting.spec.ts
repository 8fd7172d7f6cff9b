import { describe, expect, it } from 'vitest'
import { Accounting, expectedTotals, parseNanoUsd, sumRows } from './accounting.js'
import type { Management, UsageRow } from './management.js'

const row = (requests: number, fields: Partial<UsageRow> = {}): UsageRow => ({
  workload: 'bench-workload',
  requests,
  attempts: requests,
  input_tokens: requests * 212,
  output_tokens: requests * 50,
  cost_usd: (requests * 0.00103).toFixed(5),
  ...fields,
})

/** Answers the given pages of usage one after the other, costs with the usage of the time. */
function accounting(...answers: UsageRow[][]): Accounting {
  let asked = 0
  const usage = (): Promise<UsageRow[]> =>
    Promise.resolve(answers[Math.min(asked++ >> 1, answers.length - 1)] ?? [])
  const grant = { virtualKey: '', model: '', workload: 'bench-workload', grantedAt: new Date() }
  return new Accounting({ usage } as unknown as Management, grant, 500)
}

describe('accounting', () => {
  it('reads dollars exactly', () => {
    expect(parseNanoUsd('2.50')).toBe(2_500_000_000n)
    expect(parseNanoUsd('0.000000001')).toBe(1n)
    expect(() => parseNanoUsd('1e3')).toThrow('Not an amount')
  })

  it('expects for each request 212 tokens at $2.50 and 50 at $10 per million', () => {
    expect(expectedTotals(1_000).costNanoUsd).toBe(parseNanoUsd('1.03'))
  })

  it('sums what several intervals say', () => {
    expect(sumRows([row(1), row(2)])).toEqual(expectedTotals(3))
  })

  it('waits until all requests are accounted for', async () => {
    const { drainSeconds } = await accounting([], [row(1)], [row(1), row(2)]).settle({
      requests: 3,
      streams: 0,
    })
    expect(drainSeconds).toBeGreaterThan(0.3)
  })

  it('refuses a bench whose metering is off', async () => {
    await expect(accounting([row(2)]).settle({ requests: 3, streams: 0 })).rejects.toThrow(
      '3 requests were sent, but only 2 are in /v1/usage and 2 in /v1/costs',
    )
  })

  it('refuses a request that was counted twice', async () => {
    await expect(accounting([row(4)]).settle({ requests: 3, streams: 0 })).rejects.toThrow(
      '3 requests were sent, but 4',
    )
  })

  it.each([
    [{ attempts: 4 }, 'attempts 4'],
    [{ output_tokens: 149 }, 'outputTokens 149'],
    [{ cost_usd: '0.003091' }, 'costNanoUsd 3091000'],
  ])('refuses %o where the load makes it something else', async (fields, message) => {
    await expect(accounting([row(3, fields)]).settle({ requests: 3, streams: 0 })).rejects.toThrow(message)
  })
})
