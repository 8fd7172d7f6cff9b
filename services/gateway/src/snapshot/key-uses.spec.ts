import { createLogger } from '@weir/observability'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { identityV1 } from '@weir/contracts'
import type { KnownKey } from './identity-state.js'
import { KeyUses } from './key-uses.js'

const logger = createLogger({ service: 'test', level: 'silent' })
const key = (id: string): KnownKey =>
  ({ id, organization: 'org_1', workload: 'bot', usedIn: 0 }) as unknown as KnownKey

describe('the last use of keys', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
  afterEach(() => void vi.useRealTimers())

  const start = (report = vi.fn((_: identityV1.ReportVirtualKeyUsesRequest) => Promise.resolve({}))) => ({
    report,
    uses: new KeyUses(report, logger),
    reported: () => report.mock.calls.map(([{ uses }]) => uses.map((use) => [use.virtualKey, use.usedAtMs])),
  })

  it('is told once for each key and period, and within half a minute', async () => {
    const { uses, reported } = start()
    const [one, two] = [key('key_1'), key('key_2')]
    for (let index = 0; index < 1_000; index += 1) uses.note(one)
    vi.setSystemTime(1_000_500)
    uses.note(two)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(reported()).toEqual([
      [
        ['key_1', '1000000'],
        ['key_2', '1000500'],
      ],
    ])
    uses.note(one)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(reported()[1]).toEqual([['key_1', '1020500']])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reported()).toHaveLength(2)
    await uses.close()
  })

  it('is told in parts, and what remains at the end', async () => {
    const { uses, reported } = start()
    for (let index = 0; index < 12_001; index += 1) uses.note(key(`key_${index}`))
    await uses.close()
    expect(reported().map((part) => part.length)).toEqual([5_000, 5_000, 2_001])
  })

  it('goes on after identity was away', async () => {
    const { uses, report, reported } = start()
    report.mockRejectedValueOnce(new Error('UNAVAILABLE'))
    const one = key('key_1')
    uses.note(one)
    await vi.advanceTimersByTimeAsync(20_000)
    uses.note(one)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(reported()).toHaveLength(2)
    await uses.close()
  })
})
