import type { policyV1 } from '@weir/contracts'

/** What a limit counts. */
export type RateKind = 'requests' | 'tokens' | 'input_tokens' | 'output_tokens' | 'parallel_requests'

export const windowMs = 60_000

/** Whole seconds that the window may touch. */
const seconds = windowMs / 1_000 + 1

/** Exchanges a second, and for how many of them a lease shall last. */
export const exchangeEveryMs = 100
const leasedExchanges = 3

/** How long a limit that is used now and then keeps what the next request needs. */
const keptMs = 10_000

/** After a refusal nobody is asked again for so long: what has become free meanwhile is little. */
const deniedMs = 50

/** A request that waits for a lease. */
interface Waiter {
  readonly cost: number
  readonly untilMs: number
  /** Whether an exchange has asked for it. */
  isAsked: boolean
  readonly resolve: (isAdmitted: boolean) => void
}

/**
 * One limit as this gateway uses it: admits from a lease without asking. Times are performance.now().
 */
export class RateCounter {
  maximum = 1
  /** What may be admitted without asking; below 0: more was used than was foreseen. */
  left = 0
  /** Slots that requests have now; of a parallel limit only. */
  underway = 0
  /** What nobody has used, as far as it is known here. */
  remaining = 1
  /** When nothing of the minute is used any more. */
  resetAtMs = 0
  /** When the request that was refused last could have been admitted. */
  retryAtMs = 0
  lastTakenAtMs = 0
  isDirty = false
  /** Others need what is held here in vain. */
  isRecalled = false
  readonly waiters: Waiter[] = []
  readonly isParallel: boolean
  /** What nobody has used or holds, as it was last told. */
  private available: number | undefined
  private isTight = false
  private deniedUntilMs = 0
  private deniedCost = 0
  /** Used since the last exchange. */
  private used = 0
  /** Of what was counted before the last exchange: what was not used, and when it had been counted. */
  private unused: { atMs: number; amount: number }[] = []
  private exchangedAtMs = 0
  /** Used per exchange, lately. */
  private demand = 0
  private demandNow = 0
  private lastCost = 1
  private readonly perSecond: Float64Array | undefined
  private second = 0
  private sum = 0
  /** What the gateway may come to in a minute while it is alone, and the time of being alone that this is of. */
  private aloneCap = 0
  private aloneTime = -1

  constructor(
    /** team/sales/requests: the same on every gateway. */
    readonly id: string,
    /** For people: team `sales`. */
    readonly scope: string,
    readonly kind: RateKind,
    maximum: number,
    private readonly onDirty: (counter: RateCounter) => void,
  ) {
    this.isParallel = kind === 'parallel_requests'
    if (!this.isParallel) this.perSecond = new Float64Array(seconds)
    this.setMaximum(maximum)
  }

  setMaximum(maximum: number): void {
    if (this.available === undefined) this.remaining = maximum
    else this.remaining = Math.max(0, this.remaining + maximum - this.maximum)
    if (maximum > this.maximum) this.deniedUntilMs = 0
    if (maximum < this.maximum && this.left > 0) {
      // What is leased may be more than there is now: it is given back, and asked for anew.
      this.left = 0
      this.markDirty()
    }
    this.maximum = maximum
  }

  /** Takes `cost` of what is leased; false when that does not do. */
  take(cost: number, nowMs: number): boolean {
    if (this.left < cost || this.waiters.length > 0) return false
    this.left -= cost
    this.count(cost, nowMs)
    return true
  }

  /** Takes `cost` while nobody can be asked: what is leased, then an equal share of the limit. */
  takeAlone(cost: number, nowMs: number, { time, gateways }: { time: number; gateways: number }): boolean {
    if (this.left >= cost) {
      this.left -= cost
      this.count(cost, nowMs)
      return true
    }
    const share = Math.floor(this.maximum / gateways)
    if (this.aloneTime !== time) {
      this.aloneTime = time
      const free = Math.floor((this.available ?? this.maximum) / gateways)
      this.aloneCap = this.ownUse(nowMs) + Math.max(0, this.left) + free
    }
    if (this.ownUse(nowMs) + cost > Math.min(share, this.aloneCap)) {
      this.retryAtMs = nowMs + this.oldestLeavesInMs(nowMs)
      return false
    }
    this.left -= cost
    this.count(cost, nowMs)
    return true
  }

  /** Gives back what was taken at `takenAtMs`; a slot, or what was not used of a minute. */
  giveBack(cost: number, takenAtMs: number, nowMs: number): void {
    if (cost <= 0) return
    this.markDirty()
    if (this.isParallel) {
      this.underway -= cost
      this.left += cost
      this.remaining = Math.min(this.maximum, this.remaining + cost)
      return
    }
    if (nowMs - takenAtMs >= windowMs) return
    this.uncount(cost, takenAtMs, nowMs)
    this.remaining = Math.min(this.maximum, this.remaining + cost)
    if (takenAtMs > this.exchangedAtMs && this.used >= cost) {
      this.used -= cost
      this.left += cost
    } else {
      this.noteUnused(cost, takenAtMs)
    }
  }

  /** Counts what was used beyond what was taken for it. */
  overdraw(amount: number, nowMs: number): void {
    if (amount <= 0) return
    this.left -= amount
    this.count(amount, nowMs)
  }

  /** What did not fit shows how little is left: others hold leases that they are about to use. */
  noteRefusal(cost: number): void {
    if (cost <= this.maximum) this.remaining = Math.min(this.remaining, cost - 1)
  }

  /** Whether asking for `cost` would be in vain now. */
  isDenied(cost: number, nowMs: number): boolean {
    return nowMs < this.deniedUntilMs && cost >= this.deniedCost
  }

  /** How much of a minute this gateway itself has used, or how many slots it has in use. */
  ownUse(nowMs: number): number {
    if (this.isParallel) return this.underway
    this.advance(nowMs)
    return this.sum
  }

  /** Decides ten times a second how much to hold for requests to come. */
  review(nowMs: number): void {
    this.demand = Math.max(this.demandNow, this.demand * 0.8 + this.demandNow * 0.2)
    this.demandNow = 0
    const target = this.target(nowMs)
    if (this.left > 2 * target || this.left < target / 2 || (this.isRecalled && this.left > 0))
      this.markDirty()
  }

  /** What has happened since the last exchange, to be sent; `whole` to who knows nothing of it. */
  toReport(nowMs: number, whole: boolean): policyV1.RateReport {
    const target = this.isRecalled ? 0 : this.target(nowMs)
    this.isRecalled = false
    // What is held beyond the need is given back.
    if (this.left > 2 * target) this.left = target
    const held = Math.max(0, this.left)
    const [first] = this.waiters
    let needed = -held
    for (const waiter of this.waiters) {
      waiter.isAsked = true
      needed += waiter.cost
    }
    const report = {
      limit: this.id,
      maximum: this.maximum,
      isParallel: this.isParallel,
      used: whole ? 0 : this.used,
      unused: whole
        ? []
        : this.unused.map(({ atMs, amount }) => ({ ageMs: Math.ceil(nowMs - atMs), amount })),
      history: whole ? this.history(nowMs) : [],
      held: this.isParallel ? Math.max(0, this.left + this.underway) : held,
      idle: held,
      needed: Math.max(0, needed),
      firstNeeded: first ? Math.max(0, first.cost - held) : 0,
      ahead: Math.max(0, target - held),
    }
    this.used = 0
    if (this.unused.length > 0) this.unused = []
    this.exchangedAtMs = nowMs
    this.isDirty = false
    return report
  }

  /** Takes in what was granted for `report`, and decides on who waits. */
  apply(
    grant: policyV1.RateGrant,
    report: Pick<policyV1.RateReport, 'held' | 'needed'>,
    nowMs: number,
    isStarting: boolean,
  ): void {
    this.left = this.isParallel ? grant.held - this.underway : grant.held - this.used
    if (isStarting) return
    this.available = grant.available
    this.remaining = Math.max(0, grant.remaining - this.used)
    this.resetAtMs = nowMs + (this.used > 0 ? windowMs : grant.resetMs)
    this.isTight = grant.isTight
    // An exchange in which nobody waited says nothing of it.
    if (grant.retryAfterMs > 0) this.retryAtMs = nowMs + grant.retryAfterMs
    // Where all was granted, whoever still lacks something lost it to requests that turned out larger since.
    const isAllGranted = grant.held - report.held >= report.needed
    this.serve(nowMs, grant.isPending || isAllGranted)
  }

  /** Decides on those who wait while nobody can be asked. */
  serveAlone(nowMs: number, alone: { time: number; gateways: number }): void {
    for (const { cost, resolve } of this.waiters.splice(0)) resolve(this.takeAlone(cost, nowMs, alone))
  }

  /** The lease is lost: this gateway had been taken for dead. */
  loseLease(): void {
    // What they were said to lack was reckoned with the lease.
    for (const waiter of this.waiters) waiter.isAsked = false
    if (this.isParallel) this.markDirty()
    else this.left = 0
  }

  markDirty(): void {
    if (this.isDirty) return
    this.isDirty = true
    this.onDirty(this)
  }

  /** Whether forgetting it would change nothing. */
  isIdle(nowMs: number): boolean {
    if (this.isDirty || this.left > 0 || this.underway > 0 || this.waiters.length > 0) return false
    return nowMs - this.lastTakenAtMs > 2 * windowMs
  }

  /** What is about as old is one entry: a long outage must not make a long list. */
  private noteUnused(amount: number, atMs: number): void {
    // With what was counted earlier, never later: what remains then leaves the window late, not early.
    const near = this.unused.find((other) => other.atMs <= atMs && atMs - other.atMs < 500)
    if (near) near.amount += amount
    else this.unused.push({ atMs, amount })
  }

  /** @param mayCome whether asking once more may help who lacks something */
  private serve(nowMs: number, mayCome: boolean): void {
    if (this.waiters.length === 0) return
    const waiting = this.waiters.splice(0)
    const staying: Waiter[] = []
    for (const waiter of waiting) {
      if (this.left >= waiter.cost) {
        this.left -= waiter.cost
        this.count(waiter.cost, nowMs)
        waiter.resolve(true)
      } else if (!waiter.isAsked || (mayCome && nowMs < waiter.untilMs)) {
        staying.push(waiter)
      } else {
        if (nowMs >= this.deniedUntilMs) this.deniedCost = Infinity
        this.deniedCost = Math.min(this.deniedCost, waiter.cost)
        this.deniedUntilMs = nowMs + deniedMs
        waiter.resolve(false)
      }
    }
    this.waiters.push(...staying)
    if (staying.length > 0) this.markDirty()
  }

  /** What to hold for the requests to come. */
  private target(nowMs: number): number {
    if (this.isTight || nowMs - this.lastTakenAtMs > keptMs) return 0
    return Math.max(Math.ceil(this.demand * leasedExchanges), this.lastCost)
  }

  private count(cost: number, nowMs: number): void {
    this.markDirty()
    this.lastTakenAtMs = nowMs
    this.remaining = Math.max(0, this.remaining - cost)
    this.demandNow += cost
    this.lastCost = cost
    if (this.isParallel) {
      this.underway += cost
      return
    }
    this.used += cost
    this.resetAtMs = nowMs + windowMs
    this.advance(nowMs)
    const at = this.second % seconds
    if (this.perSecond) this.perSecond[at] = (this.perSecond[at] ?? 0) + cost
    this.sum += cost
  }

  private uncount(cost: number, takenAtMs: number, nowMs: number): void {
    this.advance(nowMs)
    const at = Math.floor(takenAtMs / 1_000) % seconds
    const uncounted = Math.min(cost, this.perSecond?.[at] ?? 0)
    if (this.perSecond) this.perSecond[at] = (this.perSecond[at] ?? 0) - uncounted
    this.sum -= uncounted
  }

  private advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    if (second <= this.second || !this.perSecond) return
    const from = Math.max(this.second + 1, second - seconds + 1)
    for (let each = from; each <= second; each++) {
      const at = each % seconds
      this.sum -= this.perSecond[at] ?? 0
      this.perSecond[at] = 0
    }
    this.second = second
  }

  private history(nowMs: number): policyV1.RateAmount[] {
    this.advance(nowMs)
    const amounts: policyV1.RateAmount[] = []
    for (let second = this.second - seconds + 1; second <= this.second; second++) {
      const amount = second < 0 ? 0 : (this.perSecond?.[second % seconds] ?? 0)
      // As if all of the second had been used at its end: it leaves the window late, not early.
      if (amount > 0) amounts.push({ ageMs: Math.max(0, Math.floor(nowMs - (second + 1) * 1_000)), amount })
    }
    return amounts
  }

  private oldestLeavesInMs(nowMs: number): number {
    const [oldest] = this.isParallel ? [] : this.history(nowMs)
    return oldest ? Math.max(0, windowMs - oldest.ageMs) : 0
  }
}
