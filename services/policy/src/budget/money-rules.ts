/**
 * The rules of one period of one budget, without any storage; README.md says why they hold.
 *
 * A gateway's lease is three totals that only grow. What is held for it is what it was granted, less
 * what it gave back, less what has been charged of it. A gateway never spends more of a lease than
 * it was granted and has not given back, so that what is spent and held never grows past the limit.
 */
export interface LeaseTotals {
  granted: bigint
  returned: bigint
  /** Charges of attempts that were held of this lease. */
  rated: bigint
}

/** One period of one budget, nano-dollars. */
export interface PeriodState {
  limit: bigint
  /** The sum of all charges. */
  spent: bigint
  /** By the gateway's run. */
  leases: Map<string, LeaseTotals>
}

/** A smaller part of what is left is never leased ahead: else much of it would lie where nobody needs it. */
const aheadShare = 32n

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** What a lease still may cost. */
export const outstanding = ({ granted, returned, rated }: LeaseTotals): bigint =>
  larger(0n, granted - returned - rated)

/** What all leases together still may cost. */
export function heldOf({ leases }: PeriodState): bigint {
  let held = 0n
  for (const lease of leases.values()) held += outstanding(lease)
  return held
}

/** What may be granted; below zero when the limit was lowered or a bill was larger than its bound. */
export const leftOf = (state: PeriodState): bigint => state.limit - state.spent - heldOf(state)

/** How a period stands, nano-dollars. */
export interface Figures {
  limit: bigint
  spent: bigint
  held: bigint
  /** What is held by gateways that are not heard of: it counts as spent, since they may have spent it. */
  estimated: bigint
  /** Never below zero. */
  left: bigint
}

/** How a period stands. @param isSilent whether a gateway was not heard of for so long that it is taken for dead */
export function figuresOf(state: PeriodState, isSilent: (gateway: string) => boolean): Figures {
  const { limit, spent } = state
  let [held, estimated] = [0n, 0n]
  for (const [gateway, lease] of state.leases) {
    if (isSilent(gateway)) estimated += outstanding(lease)
    else held += outstanding(lease)
  }
  return { limit, spent, held, estimated, left: larger(0n, limit - spent - held - estimated) }
}

/** Whether what is left is so little that single holds alone are granted. */
export const isExact = (left: bigint, hold: bigint): boolean => left < hold * aheadShare

/** Whether there is so much again that money may be leased ahead; far from `isExact`, so that it does not change to and fro. */
export const isAmple = (left: bigint, hold: bigint): boolean => left >= hold * aheadShare * 2n

function leaseOf(state: PeriodState, gateway: string): LeaseTotals {
  let lease = state.leases.get(gateway)
  if (!lease) state.leases.set(gateway, (lease = { granted: 0n, returned: 0n, rated: 0n }))
  return lease
}

/** One of the budgets that a hold is of. */
export interface HoldPart {
  state: PeriodState
  /** What it must grant at least: less than the amount when it allows the output to be limited. */
  least: bigint
}

/**
 * Grants the same amount of several budgets at once, or nothing.
 * @returns the amount; or the number of the first part that it does not fit into
 */
export function grantHold(
  parts: readonly HoldPart[],
  gateway: string,
  amount: bigint,
): { granted: bigint } | { refusedBy: number } {
  let granted = amount
  for (const [index, { state, least }] of parts.entries()) {
    const left = leftOf(state)
    if (left < least || left <= 0n) return { refusedBy: index }
    granted = smaller(granted, left)
  }
  for (const { state } of parts) leaseOf(state, gateway).granted += granted
  return { granted }
}

/** Grants money for holds to come, as far as there is plenty. */
export function grantAhead(state: PeriodState, gateway: string, want: bigint): bigint {
  const granted = smaller(want, leftOf(state) / aheadShare)
  if (granted <= 0n) return 0n
  leaseOf(state, gateway).granted += granted
  return granted
}

/** Takes back what a gateway says it has given back so far; an older or repeated word changes nothing. */
export function takeBack(state: PeriodState, gateway: string, returned: bigint): void {
  const lease = state.leases.get(gateway)
  if (lease) lease.returned = larger(lease.returned, smaller(returned, lease.granted))
}

/**
 * A gateway's run is over, and each of its attempts is charged: nothing can come of its lease any more.
 * Before that the lease is all that keeps what it may have spent.
 */
export function endRun(state: PeriodState, gateway: string): void {
  state.leases.delete(gateway)
}

/**
 * Charges an attempt.
 * @param lease the gateway run whose lease it was held of, with what that lease is relieved of: the
 *   cost, or the whole hold when the gateway did not live to settle it; undefined: it was not held
 */
export function charge(
  state: PeriodState,
  cost: bigint,
  lease: { gateway: string; relief: bigint } | undefined,
): void {
  state.spent += cost
  const totals = lease && state.leases.get(lease.gateway)
  if (totals && lease) totals.rated += lease.relief
}

/** Thresholds in percent that are reached and not among those that were told already. */
export function newlyCrossed(
  state: PeriodState,
  thresholds: readonly number[],
  told: readonly number[],
): number[] {
  return thresholds.filter(
    (threshold) => !told.includes(threshold) && state.spent * 100n >= state.limit * BigInt(threshold),
  )
}
