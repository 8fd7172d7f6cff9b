import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Run, Supervised } from './supervised.js'

let lines: string[]
let runs: FakeRun[]
let fault: Error | undefined

beforeEach(() => {
  vi.useFakeTimers()
  lines = []
  runs = []
  fault = undefined
})

afterEach(() => void vi.useRealTimers())

describe('Supervised', () => {
  it('waits twice as long after each early end, at most ten seconds, and forgets after a stable while', async () => {
    const supervised = await started()
    const delays: number[] = []
    for (let ends = 0; ends < 8; ends += 1) delays.push(await endAndMeasure())
    expect(delays).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await endAndMeasure()).toBe(200)
    expect(supervised.failures).toBe(9)
    expect(lines[0]).toBe('policy ended (SIGKILL); starting it again in 0.2 s')
    expect(lines[1]).toBe('policy was started again (process 2)')
  })

  it('goes on trying when a start fails', async () => {
    const supervised = await started()
    fault = new Error('no room')
    runs.at(-1)?.end('exit code 1')
    await vi.advanceTimersByTimeAsync(200)
    expect(lines.at(-1)).toBe('policy could not be started (no room); starting it again in 0.4 s')
    fault = undefined
    await vi.advanceTimersByTimeAsync(400)
    expect(supervised.pid).toBe(2)
  })

  it('does not start again what was stopped, not even when it was about to', async () => {
    const supervised = await started()
    runs.at(-1)?.end('SIGSEGV')
    await vi.advanceTimersByTimeAsync(100)
    await supervised.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(runs).toHaveLength(1)

    await supervised.start()
    const second = runs.at(-1)
    await supervised.stop()
    expect(second?.isStopped).toBe(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(runs).toHaveLength(2)
    expect(supervised.pid).toBeUndefined()
  })

  it('stops a run that was still being started', async () => {
    let release: (() => void) | undefined
    const run = new FakeRun(7)
    const launch = (): Promise<Run> => new Promise((resolve) => (release = () => resolve(run)))
    const supervised = new Supervised({ name: 'slow', launch, say: () => undefined })
    const starting = supervised.start()
    const stopping = supervised.stop()
    release?.()
    await Promise.all([starting, stopping])
    expect(run.isStopped).toBe(true)
    expect(supervised.pid).toBeUndefined()
  })

  it('reports a first start that fails, and does not try again by itself', async () => {
    fault = new Error('no room')
    await expect(supervisor().start()).rejects.toThrow('no room')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(lines).toEqual([])
  })
})

function supervisor(): Supervised {
  return new Supervised({
    name: 'policy',
    say: (line) => lines.push(line),
    launch: () => {
      if (fault !== undefined) return Promise.reject(fault)
      const run = new FakeRun(runs.length + 1)
      runs.push(run)
      return Promise.resolve(run)
    },
  })
}

async function started(): Promise<Supervised> {
  const supervised = supervisor()
  await supervised.start()
  return supervised
}

/** How long it took from the end of the last run to the next one. */
async function endAndMeasure(): Promise<number> {
  const before = runs.length
  runs.at(-1)?.end('SIGKILL')
  for (let waitedMs = 0; waitedMs <= 20_000; waitedMs += 100) {
    if (runs.length > before) return waitedMs
    await vi.advanceTimersByTimeAsync(100)
  }
  throw new Error('It was not started again.')
}

class FakeRun implements Run {
  isStopped = false
  readonly exited: Promise<string>
  end: (how: string) => void = () => undefined

  constructor(readonly pid: number) {
    this.exited = new Promise((resolve) => (this.end = resolve))
  }

  stop(): Promise<void> {
    this.isStopped = true
    this.end('exit code 0')
    return Promise.resolve()
  }

  kill(signal: NodeJS.Signals): void {
    this.end(signal)
  }
}
