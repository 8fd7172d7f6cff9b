import type { policyV1 } from '@weir/contracts'
import { SlidingWindow, windowMs } from './sliding-window.js'

/** What one gateway has of one limit. */
export interface Lease {
  /** What it may admit; of a parallel limit: with what is under way. */
  held: number
  /** Of that, what may be called back. */
  idle: number
  /** Counted as used when the gateway was taken for dead: what it reports later is in it. */
  forfeited: number
}

/** Below this share of a limit nothing is given ahead: it would be lacking elsewhere. */
const tightShare = 1 / 8

/** One limit: what was used of it, and who holds the rest. */
export class RateLimit {
  readonly leases = new Map<string, Lease>()
  maximum = 1
  private readonly window = new SlidingWindow()
  /** What all leases hold together. */
  private held = 0

  constructor(readonly isParallel: boolean) {}

  /** What all gateways hold. */
  get heldCount(): number {
    return this.held
  }

  /** Takes in what a gateway used and returned since its last exchange. */
  report(
    gateway: string,
    report: policyV1.RateReport,
    { nowMs, hasRejoined }: { nowMs: number; hasRejoined: boolean },
  ): void {
    this.maximum = report.maximum
    const lease = this.leaseOf(gateway)
    if (this.isParallel) return this.hold(lease, report.held, report.idle)
    for (const { ageMs, amount } of report.history) this.window.add(nowMs - ageMs, amount)
    const isCounted = Math.min(lease.forfeited, report.used)
    lease.forfeited -= isCounted
    this.window.add(nowMs, report.used - isCounted)
    for (const { ageMs, amount } of report.unused) this.window.remove(nowMs - ageMs, amount)
    // What it held when it was taken for dead has been counted as used.
    const held = hasRejoined ? 0 : report.held
    this.hold(lease, held, held)
  }

  /** Gives a gateway what its waiting requests need, and of what it wants besides what others do not lack. */
  grant(
    gateway: string,
    report: policyV1.RateReport,
    { nowMs, gateways, isStarting }: { nowMs: number; gateways: number; isStarting: boolean },
  ): policyV1.RateGrant {
    const lease = this.leaseOf(gateway)
    const available = isStarting ? 0 : this.available(nowMs)
    const needed = Math.min(report.needed, available)
    const left = available - needed
    const isTight = left < this.maximum * tightShare
    const ahead = isTight ? 0 : Math.min(report.ahead, Math.floor(left / (2 * gateways)))
    this.hold(lease, lease.held + needed + ahead, lease.idle + needed + ahead)
    const lacks = needed < report.needed
    return {
      held: lease.held,
      available: left - ahead,
      remaining: this.isParallel ? left - ahead : Math.max(0, this.maximum - this.window.sum(nowMs)),
      retryAfterMs: lacks && !this.isParallel ? this.retryAfterMs(report.firstNeeded, nowMs) : 0,
      resetMs: Math.max(0, Math.ceil(this.window.resetAfterMs(nowMs))),
      isPending: lacks && !isStarting && this.idleElsewhere(gateway).length > 0,
      isTight,
    }
  }

  /** Gateways that hold what they do not use now. */
  idleElsewhere(gateway: string): string[] {
    return [...this.leases].filter(([other, { idle }]) => other !== gateway && idle > 0).map(([id]) => id)
  }

  /** A gateway is taken for dead: its slots are free; what it may have used meanwhile counts as used. */
  forfeit(gateway: string, nowMs: number): void {
    const lease = this.leases.get(gateway)
    if (!lease) return
    if (!this.isParallel) {
      lease.forfeited += lease.held
      this.window.add(nowMs, lease.held)
    }
    this.hold(lease, 0, 0)
  }

  /** What a gateway used before it was taken for dead has all been reported. */
  forgetForfeit(gateway: string): void {
    const lease = this.leases.get(gateway)
    if (lease) lease.forfeited = 0
  }

  /** A gateway is gone and has said so, or for so long that nothing of it can come any more. */
  release(gateway: string): void {
    const lease = this.leases.get(gateway)
    if (lease) this.hold(lease, 0, 0)
    this.leases.delete(gateway)
  }

  /** Whether forgetting the limit would change nothing. */
  isUnused(nowMs: number): boolean {
    if (this.held > 0 || this.window.sum(nowMs) > 0) return false
    for (const { forfeited } of this.leases.values()) if (forfeited > 0) return false
    return true
  }

  private available(nowMs: number): number {
    return Math.max(0, this.maximum - this.window.sum(nowMs) - this.held)
  }

  private retryAfterMs(needed: number, nowMs: number): number {
    const lacking = needed - (this.maximum - this.window.sum(nowMs) - this.held)
    // What is leased is about to be used, and leaves the window a minute later.
    if (lacking > this.window.sum(nowMs)) return windowMs
    return Math.max(0, Math.ceil(this.window.freeAfterMs(nowMs, lacking)))
  }

  private leaseOf(gateway: string): Lease {
    let lease = this.leases.get(gateway)
    if (!lease) this.leases.set(gateway, (lease = { held: 0, idle: 0, forfeited: 0 }))
    return lease
  }

  private hold(lease: Lease, held: number, idle: number): void {
    this.held += held - lease.held
    lease.held = held
    lease.idle = idle
  }
}
