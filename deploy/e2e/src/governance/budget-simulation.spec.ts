import type { policyV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { createLogger } from '@weir/observability'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bound } from '../../../../services/gateway/src/admission/money-bound.js'
import { type Grant, MoneyExchange } from '../../../../services/gateway/src/admission/money-exchange.js'
import {
  charge,
  grantAhead,
  grantHold,
  heldOf,
  isAmple,
  isExact,
  leftOf,
  type PeriodState,
  takeBack,
} from '../../../../services/policy/src/budget/money-rules.js'

const limits: Record<string, bigint> = { team: 20_000n, key: 12_000n }

/** Random numbers by a seed, so that a failing history can be told again. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

/** The policy service's rules behind a network that is slow, and loses calls and answers. */
class Policy {
  readonly states = new Map(
    Object.entries(limits).map(([id, limit]): [string, PeriodState] => [
      id,
      { limit, spent: 0n, leases: new Map() },
    ]),
  )
  readonly budgets = new Map(Object.keys(limits).map((id) => [id, budgetOf(id, false)]))
  onChange: (id: string) => void = () => undefined

  constructor(
    private readonly random: () => number,
    private readonly loss: number,
  ) {}

  async exchange(request: policyV1.ExchangeMoneyRequest): Promise<policyV1.ExchangeMoneyResponse> {
    await this.travel()
    const response = this.serve(request)
    await this.travel()
    return response
  }

  /** At no moment more is spent and held than the limit. */
  check(): void {
    for (const state of this.states.values()) expect(state.spent + heldOf(state) <= state.limit).toBe(true)
  }

  private async travel(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.random() * 20))
    if (this.random() < this.loss) throw new Error('lost')
  }

  private stateOf = (id: string): PeriodState => this.states.get(id) as PeriodState

  private serve({
    gateway,
    returns,
    holds,
    wants,
  }: policyV1.ExchangeMoneyRequest): policyV1.ExchangeMoneyResponse {
    for (const { budget, returnedNanoUsd } of returns)
      takeBack(this.stateOf(budget), gateway, BigInt(returnedNanoUsd))
    const results = holds.map((hold) => this.grant(gateway, hold))
    for (const { budget, amountNanoUsd } of wants) {
      if (!this.budgets.get(budget)?.exact) grantAhead(this.stateOf(budget), gateway, BigInt(amountNanoUsd))
    }
    this.check()
    const leases = [...this.states].map(([budget, { leases }]) => ({
      ...{ budget, periodStartMs: '0', periodEndMs: '0' },
      grantedNanoUsd: String(leases.get(gateway)?.granted ?? 0n),
      exact: this.budgets.get(budget)?.exact ?? false,
    }))
    return { leases, holds: results }
  }

  private grant(gateway: string, { budgets, amountNanoUsd }: policyV1.MoneyHold): policyV1.MoneyHoldResult {
    const amount = BigInt(amountNanoUsd)
    const result = grantHold(
      budgets.map((id) => ({ state: this.stateOf(id), least: amount })),
      gateway,
      amount,
    )
    const told = budgets.map((id) => this.judgeExact(id, amount))
    const refusedBy = 'granted' in result ? '' : (budgets[result.refusedBy] ?? '')
    return {
      grantedNanoUsd: 'granted' in result ? String(result.granted) : '0',
      periodStartMs: 'granted' in result ? budgets.map(() => '0') : [],
      ...{ refusedBy, askAgain: told.includes(true), resetsAtMs: '0' },
    }
  }

  private judgeExact(id: string, amount: bigint): boolean {
    const left = leftOf(this.stateOf(id))
    const was = this.budgets.get(id)?.exact ?? false
    const exact = was ? !isAmple(left, amount) : isExact(left, amount)
    if (exact !== was) this.budgets.set(id, budgetOf(id, exact))
    if (exact && !was) setTimeout(() => this.onChange(id), 10)
    return exact && !was
  }
}

function budgetOf(id: string, exact: boolean): policyV1.Budget {
  return { id, organization: 'org', scope: id, scopeId: 'x', hard: true, lowersOutput: false, exact }
}

/** Three gateways that make calls at random, until nothing is left or the time is over. */
async function simulate(
  seed: number,
  loss: number,
): Promise<{ served: number; refused: number; failed: number }> {
  const random = randomOf(seed)
  const policy = new Policy(random, loss)
  const logger = createLogger({ service: 'gateway', level: 'silent' })
  const gateways = ['run-1', 'run-2', 'run-3'].map((gatewayRun) => ({
    gatewayRun,
    money: new MoneyExchange({
      gatewayRun,
      exchange: (request) => policy.exchange(request),
      find: (id) => policy.budgets.get(id),
      logger,
    }),
  }))
  policy.onChange = (id) => gateways.forEach(({ money }) => money.recall(id))
  const told = { served: 0, refused: 0, failed: 0 }
  const rating: Promise<void>[] = []

  const call = async ({ gatewayRun, money }: (typeof gateways)[number]) => {
    const amount = BigInt(20 + Math.floor(random() * 80))
    const budgets = Object.keys(limits).map((id) => money.of(id))
    const leases = budgets.map(({ lease }) => lease)
    let grant: Grant
    if (leases.every((lease) => lease && lease.free >= amount)) {
      for (const lease of leases) if (lease) lease.taken += amount
      for (const budget of budgets) budget.recentlyTaken += amount
      grant = { leases: leases.filter((lease) => lease !== undefined), amountNanoUsd: amount }
    } else {
      try {
        grant = await money.ask(budgets, { amountNanoUsd: amount, leastNanoUsd: amount } as Bound)
      } catch (error) {
        told[error instanceof AppError && error.code === 'budget_exceeded' ? 'refused' : 'failed']++
        return
      }
    }
    await new Promise((resolve) => setTimeout(resolve, random() * 200))
    const cost = (amount * BigInt(Math.floor(random() * 101))) / 100n
    money.settle(grant, cost)
    told.served++
    rating.push(
      new Promise<void>((resolve) => setTimeout(resolve, random() * 300)).then(() => {
        for (const state of policy.states.values()) charge(state, cost, { gateway: gatewayRun, relief: cost })
        policy.check()
      }),
    )
  }

  const callers = gateways.flatMap((gateway) =>
    Array.from({ length: 4 }, async () => {
      for (let count = 0; count < 40; count++) {
        await call(gateway)
        await new Promise((resolve) => setTimeout(resolve, random() * 40))
      }
    }),
  )
  const all = Promise.all(callers)
  await vi.advanceTimersByTimeAsync(120_000)
  await all
  await Promise.all(rating)
  // Each message may be lost, but the next says it again.
  for (const state of policy.states.values()) expect(heldOf(state)).toBe(0n)
  for (const { money } of gateways) void money.close()
  return told
}

describe('budgets over three gateways, simulated', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('threat 21, 22: are never overspent and hold nothing in the end, whatever the network loses', async () => {
    let [served, refused, failed] = [0, 0, 0]
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.constantFrom(0, 0.02, 0.2), async (seed, loss) => {
        const told = await simulate(seed, loss)
        served += told.served
        refused += told.refused
        failed += told.failed
        if (loss === 0) expect(told.failed).toBe(0)
      }),
      { numRuns: 60 },
    )
    // Each way was gone.
    expect(Math.min(served, refused, failed)).toBeGreaterThan(100)
  }, 60_000)
})
