import type { policyV1 } from '@weir/contracts'

/**
 * This gateway's part of one period of one budget. All totals only grow, but `taken`: what is free
 * is what was granted, less what was given back, less what calls have taken. README.md of the policy
 * service says why nothing can be spent twice.
 */
export class Lease {
  granted = 0n
  returned = 0n
  /** Of calls under way their whole holds, of calls that are over their cost. */
  taken = 0n
  /** What the policy service knows to have been given back. */
  knownReturned = 0n

  constructor(
    readonly budget: string,
    readonly startMs: number,
    /** Milliseconds since 1970; 0: never. */
    readonly endMs: number,
  ) {}

  /** May be below zero: a provider's bill was larger than what was held for it. */
  get free(): bigint {
    return this.granted - this.returned - this.taken
  }

  covers(nowMs: number): boolean {
    return this.startMs <= nowMs && (this.endMs === 0 || nowMs < this.endMs)
  }

  /** Gives back what is free beyond an amount. Returns false when nothing was. */
  giveBack(keep: bigint): boolean {
    const excess = this.free - keep
    if (excess <= 0n) return false
    this.returned += excess
    return true
  }
}

/** A budget with the gateway's leases of it. */
export class LeasedBudget {
  /** Of the running period. */
  lease: Lease | undefined
  /** Of periods that are over, until their calls are. */
  readonly older: Lease[] = []
  /** Taken since the last look, by which it is decided what to lease ahead. */
  recentlyTaken = 0n
  /** Of the running period, as policy has told last; undefined: not yet. */
  private told: { readonly limit: bigint; readonly left: bigint } | undefined

  constructor(readonly id: string) {}

  /** How much there is of the running period, and how much of it is neither spent nor leased to anybody. */
  tell(limit: bigint, left: bigint): void {
    this.told = { limit, left }
  }

  /** The share of the running period that this gateway could still spend, 0 to 1; 1 before anything was told. */
  leftRatio(nowMs: number): number {
    if (!this.told || !this.lease?.covers(nowMs)) return 1
    const { limit, left } = this.told
    const available = left + this.lease.free
    return limit <= 0n || available <= 0n ? 0 : Math.min(1, Number(available) / Number(limit))
  }

  /** The lease of a period; a period that was not known before is the running one. */
  leaseOf(startMs: number, endMs: number): Lease {
    if (this.lease?.startMs === startMs) return this.lease
    const known = this.older.find((lease) => lease.startMs === startMs)
    if (known) return known
    const lease = new Lease(this.id, startMs, endMs)
    if (this.lease && this.lease.startMs > startMs) this.older.push(lease)
    else {
      if (this.lease) this.older.push(this.lease)
      this.lease = lease
    }
    return lease
  }

  find(startMs: number): Lease | undefined {
    return this.lease?.startMs === startMs
      ? this.lease
      : this.older.find((lease) => lease.startMs === startMs)
  }

  *leases(): Iterable<Lease> {
    if (this.lease) yield this.lease
    yield* this.older
  }
}

/** A hard or soft budget, as the watch tells of it. */
export type KnownBudget = policyV1.Budget
