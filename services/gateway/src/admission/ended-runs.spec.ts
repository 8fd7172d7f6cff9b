import type { policyV1 } from '@weir/contracts'
import { createLogger } from '@weir/observability'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EndedRuns } from './ended-runs.js'

const logger = createLogger({ service: 'gateway', level: 'silent' })

/** What the journal has of earlier runs. */
class FakeRuns {
  constructor(private readonly left: Map<string, number>) {}

  get ended() {
    return [...this.left].map(([gatewayRun, attempts]) => ({ gatewayRun, attempts }))
  }

  forget(run: string): void {
    this.left.delete(run)
  }
}

describe('runs that are over', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('are told of until each is closed, however often the policy service is away', async () => {
    const runs = new FakeRuns(
      new Map([
        ['run-1', 3],
        ['run-2', 0],
      ]),
    )
    const asked: policyV1.EndRunsRequest[] = []
    let charged = 0
    const endRuns = (request: policyV1.EndRunsRequest) => {
      asked.push(request)
      if (asked.length === 2) return Promise.reject(new Error('away'))
      const closed = request.runs.filter(({ attempts }) => Number(attempts) <= charged)
      return Promise.resolve({ closed: closed.map(({ gateway }) => gateway) })
    }
    const ended = new EndedRuns({ runs, endRuns, logger })
    ended.start()
    await vi.advanceTimersByTimeAsync(0)
    expect(asked[0]?.runs).toEqual([
      { gateway: 'run-1', attempts: '3' },
      { gateway: 'run-2', attempts: '0' },
    ])
    expect(runs.ended).toEqual([{ gatewayRun: 'run-1', attempts: 3 }])
    await vi.advanceTimersByTimeAsync(20_000)
    charged = 3
    await vi.advanceTimersByTimeAsync(5_000)
    expect(runs.ended).toEqual([])
    const { length } = asked
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked.length).toBe(length)
    ended.close()
  })

  it('are told of a part at a time, so that none waits for another', async () => {
    const runs = new FakeRuns(
      new Map(Array.from({ length: 230 }, (_, at) => [`run-${at}`, at < 120 ? 1 : 0])),
    )
    const endRuns = (request: policyV1.EndRunsRequest) => {
      expect(request.runs.length).toBeLessThanOrEqual(50)
      const closed = request.runs.filter(({ attempts }) => attempts === '0')
      return Promise.resolve({ closed: closed.map(({ gateway }) => gateway) })
    }
    const ended = new EndedRuns({ runs, endRuns, logger })
    ended.start()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(runs.ended).toHaveLength(120)
    ended.close()
  })
})
