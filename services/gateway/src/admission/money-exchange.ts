import type { policyV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { histogram, type Logger } from '@weir/observability'
import type { Bound } from './money-bound.js'
import { type Lease, LeasedBudget } from './money-lease.js'

/** How often leases are looked at: filled up, emptied, renewed. */
const lookMs = 250

/** A lease that is used is filled up to what was taken in this many looks. */
const looksAhead = 8n

/** Within the 120 s after which the policy service takes what is leased for spent. */
const renewMs = 20_000

/** How long a hold waits for what other gateways are giving back. */
const recallMs = 2_500
const askAgainMs = 30

/** Of a hold that did not fit into a lease, how many more are asked for besides. */
const holdsAhead = 4n

const maxHolds = 200

/** Leases in one call: each is a row that is locked. */
const maxLeases = 500

const duration = histogram(
  'weir_money_exchange_duration_seconds',
  'Time of a call to the policy service that leases money and gives it back.',
  [],
  [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2],
)

/** Money of several budgets for one attempt. */
export interface Grant {
  leases: Lease[]
  amountNanoUsd: bigint
}

interface Waiting {
  budgets: LeasedBudget[]
  bound: Bound
  untilMs: number
  resolve: (grant: Grant) => void
  reject: (error: unknown) => void
}

export type ExchangeMoney = (
  request: policyV1.ExchangeMoneyRequest,
) => Promise<policyV1.ExchangeMoneyResponse>

interface ExchangeOptions {
  gatewayRun: string
  exchange: ExchangeMoney
  /** A budget, unless it was deleted. */
  find(id: string): policyV1.Budget | undefined
  logger: Logger
}

/** Keeps this gateway's leases, over one call at a time to the policy service. */
export class MoneyExchange {
  private readonly budgets = new Map<string, LeasedBudget>()
  private waiting: Waiting[] = []
  private running: Promise<void> | undefined
  private readonly timer: NodeJS.Timeout
  private soon: NodeJS.Timeout | undefined
  private exchangedAt = 0
  private failing = false
  /** Budgets of which something may have been granted without our knowing. */
  private readonly unsure = new Set<string>()
  private closed = false

  constructor(private readonly options: ExchangeOptions) {
    this.timer = setInterval(() => this.look(), lookMs)
    this.timer.unref()
  }

  /** The leases of a budget. */
  of(id: string): LeasedBudget {
    let budget = this.budgets.get(id)
    if (!budget) this.budgets.set(id, (budget = new LeasedBudget(id)))
    return budget
  }

  /**
   * Asks for the money of one attempt.
   * @throws AppError budget_exceeded, or service_unavailable when nobody can tell
   */
  ask(budgets: LeasedBudget[], bound: Bound): Promise<Grant> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ budgets, bound, untilMs: Date.now() + recallMs, resolve, reject })
      this.run()
    })
  }

  /** What is free of a budget is given back at once: it was changed, or others are in need of it. */
  recall(id: string): void {
    const budget = this.budgets.get(id)
    if (!budget) return
    let gives = false
    for (const lease of budget.leases()) if (lease.giveBack(0n)) gives = true
    if (gives) this.run()
  }

  /** A call under way is over. */
  settle({ leases, amountNanoUsd }: Grant, costNanoUsd: bigint): void {
    for (const lease of leases) {
      lease.taken -= amountNanoUsd - costNanoUsd
      const isKept = this.options.find(lease.budget)?.exact === false && lease === this.of(lease.budget).lease
      if (!isKept && lease.giveBack(0n)) this.runSoon()
    }
  }

  /** Gives back all that is free, and stops. */
  async close(): Promise<void> {
    clearInterval(this.timer)
    clearTimeout(this.soon)
    for (const budget of this.budgets.values()) for (const lease of budget.leases()) lease.giveBack(0n)
    await this.running
    this.closed = true
    if (this.unknownReturns().length > 0) await this.exchange([], []).catch(() => undefined)
    for (const { reject } of this.waiting.splice(0)) reject(unreachable(undefined))
  }

  private runSoon(): void {
    this.soon ??= setTimeout(() => {
      this.soon = undefined
      this.run()
    }, 5).unref()
  }

  private run(wants: policyV1.MoneyWant[] = []): void {
    if (this.closed) return
    this.running ??= this.exchangeAll(wants).finally(() => (this.running = undefined))
  }

  /** One look at every lease: what is used much is filled up, what is not used is given back. */
  private look(): void {
    const now = Date.now()
    const wants: policyV1.MoneyWant[] = []
    for (const budget of this.budgets.values()) {
      const known = this.options.find(budget.id)
      const target = known && !known.exact ? budget.recentlyTaken * looksAhead : 0n
      budget.recentlyTaken = 0n
      for (const lease of budget.leases()) {
        const isRunning = lease === budget.lease && lease.covers(now)
        if (!isRunning) lease.giveBack(0n)
        else if (lease.free > target * 2n) lease.giveBack(target)
        else if (lease.free * 2n < target) {
          wants.push({ budget: budget.id, amountNanoUsd: String(target - lease.free) })
        }
      }
      this.forget(budget, known === undefined)
    }
    const isDue = performance.now() - this.exchangedAt >= renewMs && this.holdsAny()
    const isOwed = this.unsure.size > 0 || this.unknownReturns().length > 0
    // What is left out is wanted at the next look.
    if (wants.length > 0 || isDue || isOwed) this.run(wants.slice(0, maxLeases))
  }

  /** Leases of which nothing is left. */
  private forget(budget: LeasedBudget, isDeleted: boolean): void {
    const { older } = budget
    for (let at = older.length - 1; at >= 0; at--) {
      const lease = older[at]
      // A call that began in it may be under way for hours, but not for days.
      if (lease && lease.endMs !== 0 && Date.now() - lease.endMs > 86_400_000) older.splice(at, 1)
    }
    if (isDeleted && (budget.lease?.taken ?? 0n) === 0n) this.budgets.delete(budget.id)
  }

  private holdsAny(): boolean {
    for (const budget of this.budgets.values()) {
      for (const lease of budget.leases()) if (lease.granted > lease.returned) return true
    }
    return false
  }

  private async exchangeAll(wants: policyV1.MoneyWant[]): Promise<void> {
    do {
      const batch = this.waiting.splice(0, maxHolds)
      try {
        await this.exchange(batch, wants)
        this.failing = false
      } catch (error) {
        for (const { budgets } of batch) for (const { id } of budgets) this.unsure.add(id)
        for (const { budget } of wants) this.unsure.add(budget)
        for (const { reject } of batch) reject(unreachable(error))
        if (!this.failing) {
          this.options.logger.warn(
            { err: error },
            'The policy service cannot be reached: budgets are held of what is leased, then their calls are refused.',
          )
        }
        this.failing = true
        return
      }
      wants = []
    } while (this.waiting.length > 0 || (!this.closed && this.unknownReturns().length > 0))
  }

  private async exchange(batch: Waiting[], wants: policyV1.MoneyWant[]): Promise<void> {
    const stop = duration.startTimer()
    const returns = this.unknownReturns().slice(0, maxLeases)
    const said = returns.map((lease) => lease.returned)
    const unsure = [...this.unsure]
    const response = await this.options.exchange({
      gateway: this.options.gatewayRun,
      returns: returns.map(({ budget, startMs, returned }) => ({
        budget,
        periodStartMs: String(startMs),
        returnedNanoUsd: String(returned),
      })),
      holds: batch.map(({ budgets, bound }) => ({
        budgets: budgets.map(({ id }) => id),
        amountNanoUsd: String(bound.amountNanoUsd),
        leastNanoUsd: String(bound.leastNanoUsd),
      })),
      wants: [...wants, ...wantsOf(batch), ...unsure.map((budget) => ({ budget, amountNanoUsd: '0' }))],
    })
    stop()
    this.exchangedAt = performance.now()
    for (const id of unsure) this.unsure.delete(id)
    for (const [index, lease] of returns.entries()) lease.knownReturned = said[index] ?? 0n
    for (const { budget, periodStartMs, periodEndMs, grantedNanoUsd, ...told } of response.leases) {
      const leased = this.of(budget)
      const lease = leased.leaseOf(Number(periodStartMs), Number(periodEndMs))
      const granted = BigInt(grantedNanoUsd)
      if (granted > lease.granted) lease.granted = granted
      const { limitNanoUsd: limit, leftNanoUsd: left } = told
      const isTold = limit !== undefined && left !== undefined
      if (isTold && lease === leased.lease) leased.tell(BigInt(limit), BigInt(left))
    }
    for (const [index, waiting] of batch.entries()) this.answer(waiting, response.holds[index])
    for (const { budget, exact } of response.leases) {
      if (exact) for (const lease of this.of(budget).leases()) lease.giveBack(0n)
    }
  }

  private answer(waiting: Waiting, result: policyV1.MoneyHoldResult | undefined): void {
    const amountNanoUsd = BigInt(result?.grantedNanoUsd ?? 0)
    if (result && amountNanoUsd > 0n) {
      const leases = waiting.budgets.flatMap(
        (budget, index) => budget.find(Number(result.periodStartMs[index])) ?? [],
      )
      for (const lease of leases) lease.taken += amountNanoUsd
      for (const budget of waiting.budgets) budget.recentlyTaken += amountNanoUsd
      return waiting.resolve({ leases, amountNanoUsd })
    }
    if (result?.askAgain && Date.now() < waiting.untilMs && !this.closed) {
      setTimeout(() => {
        this.waiting.push(waiting)
        this.run()
      }, askAgainMs)
      return
    }
    const budget = this.options.find(result?.refusedBy ?? '')
    waiting.reject(exceeded(budget, Number(result?.resetsAtMs ?? 0)))
  }

  /** Leases of which more was given back than the policy service knows. */
  private unknownReturns(): Lease[] {
    const leases: Lease[] = []
    for (const budget of this.budgets.values()) {
      for (const lease of budget.leases()) if (lease.returned > lease.knownReturned) leases.push(lease)
    }
    return leases
  }
}

/** A hold that had to be asked for is the first of several, or the lease was too small. */
function wantsOf(batch: readonly Waiting[]): policyV1.MoneyWant[] {
  const wants = new Map<string, bigint>()
  for (const { budgets, bound } of batch) {
    for (const { id } of budgets) wants.set(id, (wants.get(id) ?? 0n) + bound.amountNanoUsd * holdsAhead)
  }
  return [...wants].map(([budget, amount]) => ({ budget, amountNanoUsd: String(amount) }))
}

function exceeded(budget: policyV1.Budget | undefined, resetsAtMs: number): AppError {
  const whose = budget ? `The budget of the ${budget.scope} \`${budget.scopeId}\`` : 'A budget'
  const until =
    resetsAtMs > 0 ? `It starts anew at ${new Date(resetsAtMs).toISOString()}.` : 'It does not start anew.'
  const reason = `${whose} has less left than this request may cost. ${until} A lower output limit costs less; an administrator can raise the budget.`
  return AppError.of('budget_exceeded', { reason })
}

function unreachable(cause: unknown): AppError {
  const reason =
    'A hard budget applies here, and the policy service, which knows what is left of it, cannot be reached now. Try again in a few seconds.'
  return AppError.of('service_unavailable', { reason }, { retryAfterS: 2, cause })
}
