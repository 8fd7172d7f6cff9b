import type { policyV1 } from '@weir/contracts'
import type { Logger } from '@weir/observability'
import { randomUUID } from 'node:crypto'
import { exchangeEveryMs, RateCounter, type RateKind, windowMs } from './rate-counter.js'

/** Without anything to say, the gateway shows so often that it lives, and while it holds a lease so often that others may call it back. */
const heartbeatMs = 1_000
const heldHeartbeatMs = 250

/** A failed exchange is sent again after so long. */
const retryMs = 250

/** What others hold is asked for again after so long, */
const pendingMs = 20
/** and a request waits for it no longer than so. */
const longestWaitMs = 700

const evictEveryMs = 30_000

/** How often it is asked what is left of the limits in use, for the case that nobody can be asked then; of so many at most. */
const refreshEveryMs = 1_000
const refreshedAtMost = 500

interface RatePeer {
  exchangeRates(request: policyV1.ExchangeRatesRequest): Promise<policyV1.ExchangeRatesResponse>
}

/** Keeps how many gateways there are over a restart: while nobody can be asked, limits are shared by it. */
export interface GatewayCountMemory {
  read(): number | undefined
  write(count: number): void
}

/** The leases of all limits that this gateway uses, kept by exchanges with the policy service. */
export class RateLeases {
  /** Grows when counters were forgotten: whoever kept one asks for it anew. */
  version = 0
  private readonly counters = new Map<string, RateCounter>()
  private dirty: RateCounter[] = []
  private readonly gateway = randomUUID()
  private epoch = ''
  private sequence = 0
  /** Sent and not answered: it is sent again as it is, so that it counts once. */
  private unanswered: { request: policyV1.ExchangeRatesRequest; counters: RateCounter[] } | undefined
  private isExchanging = false
  private isWholeDue = true
  private isClosed = false
  private gateways: number
  private alone = { isAlone: false, time: 0 }
  private exchangedAtMs = -Infinity
  private evictedAtMs = 0
  private refreshedAtMs = 0
  private readonly timer: NodeJS.Timeout
  private soon: NodeJS.Timeout | undefined

  constructor(
    private readonly peer: RatePeer,
    private readonly logger: Logger,
    private readonly memory: GatewayCountMemory = { read: () => undefined, write: () => undefined },
    private readonly now: () => number = () => performance.now(),
  ) {
    this.gateways = memory.read() ?? 1
    this.timer = setInterval(() => this.tick(), exchangeEveryMs)
    this.timer.unref()
    void this.exchange()
  }

  /** Whether the policy service cannot be asked: limits are shared out equally. */
  get isAlone(): boolean {
    return this.alone.isAlone
  }

  /** Requests under way that have a slot of a parallel limit, once for each. */
  get slotCount(): number {
    let count = 0
    for (const { underway } of this.counters.values()) count += underway
    return count
  }

  counter(id: string, scope: string, kind: RateKind, maximum: number): RateCounter {
    let counter = this.counters.get(id)
    if (!counter) {
      counter = new RateCounter(id, scope, kind, maximum, (it) => this.dirty.push(it))
      this.counters.set(id, counter)
    } else if (counter.maximum !== maximum) counter.setMaximum(maximum)
    return counter
  }

  /** Takes `cost` although the lease does not have it: asks, or decides alone. Resolves to false when there is no more. */
  async obtain(counter: RateCounter, cost: number): Promise<boolean> {
    const nowMs = this.now()
    if (this.alone.isAlone) return counter.takeAlone(cost, nowMs, this.aloneTerms())
    if (cost > counter.maximum || counter.isDenied(cost, nowMs)) return false
    return new Promise((resolve) => {
      counter.waiters.push({ cost, untilMs: nowMs + longestWaitMs, isAsked: false, resolve })
      counter.markDirty()
      void this.exchange()
    })
  }

  /** Says no more, and gives nothing back: as if the process had been killed. */
  kill(): void {
    this.isClosed = true
    clearInterval(this.timer)
    clearTimeout(this.soon)
  }

  /** Gives back all that is held. */
  async close(): Promise<void> {
    if (this.isClosed) return
    this.kill()
    for (const counter of this.counters.values())
      for (const { resolve } of counter.waiters.splice(0)) resolve(false)
    const request = { gateway: this.gateway, epoch: this.epoch, sequence: ++this.sequence }
    await this.peer.exchangeRates({ ...request, leaving: true, reports: [] }).catch(() => undefined)
  }

  private tick(): void {
    const nowMs = this.now()
    let isHolding = false
    for (const counter of this.counters.values()) {
      counter.review(nowMs)
      if (counter.left > 0) isHolding = true
    }
    if (nowMs - this.evictedAtMs > evictEveryMs) this.evict(nowMs)
    if (nowMs - this.refreshedAtMs >= refreshEveryMs) this.refresh(nowMs)
    const sinceMs = nowMs - this.exchangedAtMs
    const dueMs = this.alone.isAlone ? retryMs : isHolding ? heldHeartbeatMs : heartbeatMs
    if (sinceMs >= dueMs || (!this.alone.isAlone && this.dirty.length > 0)) void this.exchange()
  }

  /** One at a time; what comes up meanwhile goes with the next. */
  private async exchange(): Promise<void> {
    if (this.isExchanging || this.isClosed) return
    this.isExchanging = true
    const nowMs = this.now()
    if (this.unanswered) age(this.unanswered.request, Math.ceil(nowMs - this.exchangedAtMs))
    this.exchangedAtMs = nowMs
    this.unanswered ??= this.collect(nowMs)
    let isPending = false
    try {
      isPending = this.apply(this.unanswered, await this.peer.exchangeRates(this.unanswered.request))
    } catch (error) {
      this.goAlone(error)
    }
    this.isExchanging = false
    if (this.isClosed) return
    if (isPending) {
      this.soon ??= setTimeout(() => {
        this.soon = undefined
        void this.exchange()
      }, pendingMs)
    } else if (this.dirty.some(({ waiters }) => waiters.length > 0)) void this.exchange()
  }

  private collect(nowMs: number): { request: policyV1.ExchangeRatesRequest; counters: RateCounter[] } {
    const whole = this.isWholeDue
    const counters = whole ? [...this.counters.values()] : this.dirty
    this.dirty = []
    const request = { gateway: this.gateway, epoch: this.epoch, sequence: ++this.sequence, leaving: false }
    const reports = counters.map((counter) => counter.toReport(nowMs, whole))
    return { request: { ...request, reports }, counters }
  }

  /** Returns whether somebody still waits for what others hold. */
  private apply(
    { request, counters }: { request: policyV1.ExchangeRatesRequest; counters: RateCounter[] },
    response: policyV1.ExchangeRatesResponse,
  ): boolean {
    const nowMs = this.now()
    this.unanswered = undefined
    this.noteGateways(response.isStarting ? Math.max(this.gateways, response.gateways) : response.gateways)
    this.setAlone(response.isStarting)
    if (response.epoch !== request.epoch) {
      // Another memory: it is told all that was used in the last minute.
      this.epoch = response.epoch
      this.isWholeDue = true
      for (const counter of this.counters.values()) counter.markDirty()
      this.serveAloneIfSo(nowMs)
      return false
    }
    this.isWholeDue = false
    if (response.hasRejoined) for (const counter of this.counters.values()) counter.loseLease()
    let isPending = false
    for (const [at, counter] of counters.entries()) {
      const grant = response.grants[at]
      const report = request.reports[at]
      if (!grant || !report) continue
      counter.apply(grant, report, nowMs, response.isStarting)
      if (counter.waiters.length > 0 && grant.isPending) isPending = true
    }
    for (const id of response.recalls) {
      const counter = this.counters.get(id)
      if (!counter || counter.left <= 0) continue
      counter.isRecalled = true
      counter.markDirty()
      this.soon ??= setTimeout(() => {
        this.soon = undefined
        void this.exchange()
      }, 0)
    }
    this.serveAloneIfSo(nowMs)
    return isPending
  }

  private noteGateways(count: number): void {
    if (count === this.gateways) return
    this.gateways = count
    this.memory.write(count)
  }

  private goAlone(error: unknown): void {
    if (!this.alone.isAlone) {
      this.logger.warn(
        { err: error },
        'The policy service cannot be reached: limits of rates are shared out equally among the gateways.',
      )
    }
    this.setAlone(true)
    this.serveAloneIfSo(this.now())
  }

  private setAlone(isAlone: boolean): void {
    if (isAlone && !this.alone.isAlone) this.alone.time++
    this.alone.isAlone = isAlone
  }

  private serveAloneIfSo(nowMs: number): void {
    if (!this.alone.isAlone) return
    const terms = this.aloneTerms()
    for (const counter of this.counters.values())
      if (counter.waiters.length > 0) counter.serveAlone(nowMs, terms)
  }

  private aloneTerms(): { time: number; gateways: number } {
    return { time: this.alone.time, gateways: Math.max(1, this.gateways) }
  }

  private refresh(nowMs: number): void {
    this.refreshedAtMs = nowMs
    let count = 0
    for (const counter of this.counters.values()) {
      if (nowMs - counter.lastTakenAtMs > windowMs) continue
      counter.markDirty()
      if (++count === refreshedAtMost) return
    }
  }

  private evict(nowMs: number): void {
    this.evictedAtMs = nowMs
    for (const [id, counter] of this.counters) {
      if (!counter.isIdle(nowMs)) continue
      this.counters.delete(id)
      this.version++
    }
  }
}

/** What is sent again is older than it was. */
function age({ reports }: policyV1.ExchangeRatesRequest, byMs: number): void {
  for (const { unused, history } of reports) {
    for (const amount of unused) amount.ageMs += byMs
    for (const amount of history) amount.ageMs += byMs
  }
}
