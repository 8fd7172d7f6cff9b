import { cpuSeconds } from '../machine/proc.js'
import type { Connection } from './connection.js'
import { distribution, type Distribution } from './percentile.js'
import type { LoadPlan, LoadResult, LoadWindow } from './plan.js'

interface Mark {
  atMs: number
  requests: number
  events: number
  cpuSeconds: number
}

const stallMs = 20_000

/** Counts a run. What is between `openWindow` and `closeWindow` makes the measured window. */
export class Tally {
  sent = 0
  private succeeded = 0
  private failed = 0
  private events = 0
  private firstFailure: string | undefined
  private opened: Mark | undefined
  private closed: Mark | undefined
  private readonly latenciesMs: number[] = []
  private readonly firstBytesMs: number[] = []
  private readonly latenessesMs: number[] = []

  constructor(private readonly plan: Pick<LoadPlan, 'watchPids'>) {}

  /** All that have been sent are answered. */
  get settled(): boolean {
    return this.sent === this.succeeded + this.failed
  }

  get inWindow(): boolean {
    return this.opened !== undefined && this.closed === undefined
  }

  /** A request that was due at `sinceMs` has its whole answer now. */
  answer(
    { sinceMs, firstByteAtMs, events }: Pick<Connection, 'sinceMs' | 'firstByteAtMs' | 'events'>,
    failure: string | undefined,
  ): void {
    if (failure !== undefined) {
      this.failed++
      this.firstFailure ??= failure
      return
    }
    this.succeeded++
    this.events += events
    if (!this.inWindow) return
    this.latenciesMs.push(performance.now() - sinceMs)
    this.firstBytesMs.push(firstByteAtMs - sinceMs)
  }

  late(latenessMs: number): void {
    if (this.inWindow) this.latenessesMs.push(latenessMs)
  }

  /** Gives up on a target that has not answered anything for a while; answers how to stop watching. */
  watch(giveUp: (error: Error) => void): () => void {
    let seen = -1
    const timer = setInterval(() => {
      const answered = this.succeeded + this.failed
      if (answered === seen)
        giveUp(new Error(`${this.sent - answered} requests got no answer in ${stallMs / 1000} s.`))
      seen = answered
    }, stallMs)
    return () => clearInterval(timer)
  }

  openWindow(): void {
    this.opened = this.mark()
  }

  closeWindow(): void {
    this.closed ??= this.mark()
  }

  result(): LoadResult {
    return {
      sent: this.sent,
      succeeded: this.succeeded,
      failed: this.failed,
      ...(this.firstFailure === undefined ? {} : { firstFailure: this.firstFailure }),
      window: this.window(),
      latencyMs: distribution(this.latenciesMs),
      firstByteMs: distribution(this.firstBytesMs),
      ...(this.latenessesMs.length === 0 ? {} : { latenessMs: this.latenesses() }),
    }
  }

  private latenesses(): Distribution {
    return distribution(this.latenessesMs)
  }

  private window(): LoadWindow {
    if (this.opened === undefined || this.closed === undefined)
      throw new Error('The run had no measured window.')
    return {
      seconds: (this.closed.atMs - this.opened.atMs) / 1000,
      requests: this.closed.requests - this.opened.requests,
      events: this.closed.events - this.opened.events,
      cpuSeconds: this.closed.cpuSeconds - this.opened.cpuSeconds,
    }
  }

  private mark(): Mark {
    return {
      atMs: performance.now(),
      requests: this.succeeded,
      events: this.events,
      cpuSeconds: this.plan.watchPids.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    }
  }
}
