import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import type { policyV1 } from '@weir/contracts'
import { type Change, ChangeLog } from '@weir/database'
import { AppError } from '@weir/errors'
import type { EntityManager } from 'typeorm'
import type { Budget } from './budget.entity.js'
import { lockBudgets, type LockedPeriod, LockedPeriods, spanOf } from './budget-state.store.js'
import { grantAhead, grantHold, isAmple, isExact, leftOf, takeBack } from './money-rules.js'

/** How long gateways have to give back what they have free of a budget that is nearly used up. */
const recallMs = 2_000

/** After which a budget may be leased ahead of again. */
const minExactMs = 3_000

/** Grants gateways money, and takes back what they have too much. */
@Injectable()
export class MoneyService {
  constructor(private readonly changeLog: ChangeLog) {}

  /** One transaction over all budgets that are named, each locked, in the order of their ids. */
  exchange(request: policyV1.ExchangeMoneyRequest): Promise<policyV1.ExchangeMoneyResponse> {
    return asService('exchange-money', () =>
      this.changeLog.write(async (manager, changed) => {
        await renew(manager, request.gateway)
        const exchange = await Exchange.begin(manager, request)
        return exchange.run(changed)
      }),
    )
  }
}

/** Its row stays locked: whoever ends the run either sees what it is granted here, or was before it. */
async function renew(manager: EntityManager, gatewayRun: string): Promise<void> {
  const [run] = await manager.query<{ isEnded: boolean }[]>(
    `INSERT INTO gateway_run (id, renewed_at) VALUES ($1, now())
     ON CONFLICT (id) DO UPDATE SET renewed_at = now() RETURNING ended_at IS NOT NULL AS "isEnded"`,
    [gatewayRun],
  )
  if (run?.isEnded) throw AppError.of('service_unavailable', { reason: runIsOver })
}

const runIsOver =
  'A newer run of this gateway has taken over its data folder. Two gateways cannot share one WEIR_DATA_DIR: stop one of them.'

class Exchange {
  private readonly nowMs = Date.now()
  private readonly current = new Map<string, LockedPeriod>()
  /** Budgets that others were told to give back of in this very transaction. */
  private readonly recalled = new Set<string>()
  private budgets = new Map<string, Budget>()
  private periods: LockedPeriods

  private constructor(
    private readonly manager: EntityManager,
    private readonly request: policyV1.ExchangeMoneyRequest,
  ) {}

  static async begin(manager: EntityManager, request: policyV1.ExchangeMoneyRequest): Promise<Exchange> {
    const exchange = new Exchange(manager, request)
    const { returns, holds, wants } = request
    const budgets = await lockBudgets(manager, [
      ...[...returns, ...wants].map(({ budget }) => budget),
      ...holds.flatMap(({ budgets }) => budgets),
    ])
    const wanted = [...budgets.values()].map((budget) => ({
      budget,
      startMs: spanOf(budget, exchange.nowMs).startMs,
    }))
    const older = returns.flatMap(({ budget: id, periodStartMs }) => {
      const budget = budgets.get(id)
      return budget ? [{ budget, startMs: Number(periodStartMs) }] : []
    })
    exchange.budgets = budgets
    exchange.periods = await LockedPeriods.load(manager, [...wanted, ...older])
    for (const { budget, startMs } of wanted) {
      exchange.current.set(budget.id, exchange.periods.get(budget.id, startMs))
    }
    return exchange
  }

  async run(changed: (change: Change) => void): Promise<policyV1.ExchangeMoneyResponse> {
    const { gateway, returns, holds, wants } = this.request
    for (const { budget, periodStartMs, returnedNanoUsd } of returns) {
      if (!this.budgets.has(budget)) continue
      takeBack(this.periods.get(budget, Number(periodStartMs)).state, gateway, BigInt(returnedNanoUsd))
    }
    const results: policyV1.MoneyHoldResult[] = []
    for (const hold of holds) results.push(this.grant(hold))
    await this.judgeExact(changed)
    for (const { budget, amountNanoUsd } of wants) {
      const period = this.current.get(budget)
      if (period && !period.budget.exact) grantAhead(period.state, gateway, BigInt(amountNanoUsd))
    }
    await this.periods.saveLeases(new Set([gateway]))
    const leases = [...this.periods].map((period) => toLease(period, gateway))
    return { leases, holds: results.map((result) => ({ ...result, askAgain: this.mayComeBack(result) })) }
  }

  private grant({ budgets, amountNanoUsd, leastNanoUsd }: policyV1.MoneyHold): policyV1.MoneyHoldResult {
    // A budget that was deleted meanwhile limits nothing.
    const periods = budgets.flatMap((id) => this.current.get(id) ?? [])
    const amount = BigInt(amountNanoUsd)
    const least = BigInt(leastNanoUsd)
    const parts = periods.map(({ budget, state }) => ({ state, least: budget.lowersOutput ? least : amount }))
    const result = grantHold(parts, this.request.gateway, amount)
    if ('granted' in result) {
      return {
        grantedNanoUsd: String(result.granted),
        periodStartMs: budgets.map((id) => String(this.current.get(id)?.startMs ?? -1)),
        ...{ askAgain: false, refusedBy: '', resetsAtMs: '0' },
      }
    }
    const refusedBy = periods[result.refusedBy]?.budget as Budget
    return {
      ...{ grantedNanoUsd: '0', periodStartMs: [], askAgain: false },
      refusedBy: refusedBy.id,
      resetsAtMs: String(spanOf(refusedBy, this.nowMs).endMs ?? 0),
    }
  }

  /** Others may hold what is missing without any need of it, for as long as they have not heard. */
  private mayComeBack({ refusedBy }: policyV1.MoneyHoldResult): boolean {
    const budget = this.budgets.get(refusedBy)
    if (!budget) return false
    return this.recalled.has(refusedBy) || this.nowMs - budget.exactSince.getTime() < recallMs
  }

  /** A change of `exact` reaches every gateway through its watch; each then gives back what it has free. */
  private async judgeExact(changed: (change: Change) => void): Promise<void> {
    for (const [id, hold] of largestHolds(this.request.holds)) {
      const period = this.current.get(id)
      if (!period) continue
      const { budget, state } = period
      const left = leftOf(state)
      const mayEnd = this.nowMs - budget.exactSince.getTime() >= minExactMs
      const exact = budget.exact ? !(mayEnd && isAmple(left, hold)) : isExact(left, hold)
      if (exact === budget.exact) continue
      budget.exact = exact
      if (exact) this.recalled.add(id)
      await this.manager.query(`UPDATE budget SET exact = $2, exact_since = $3 WHERE id = $1`, [
        id,
        exact,
        new Date(this.nowMs),
      ])
      changed({ organization: budget.organization, kind: 'budget', id, action: 'updated' })
    }
  }
}

function largestHolds(holds: readonly policyV1.MoneyHold[]): Map<string, bigint> {
  const largest = new Map<string, bigint>()
  for (const { budgets, amountNanoUsd } of holds) {
    const amount = BigInt(amountNanoUsd)
    for (const id of budgets) if (amount > (largest.get(id) ?? 0n)) largest.set(id, amount)
  }
  return largest
}

function toLease({ budget, startMs, state }: LockedPeriod, gateway: string): policyV1.Lease {
  return {
    budget: budget.id,
    periodStartMs: String(startMs),
    periodEndMs: String(spanOf(budget, startMs).endMs ?? 0),
    grantedNanoUsd: String(state.leases.get(gateway)?.granted ?? 0n),
    exact: budget.exact,
    limitNanoUsd: String(state.limit),
    leftNanoUsd: String(leftOf(state)),
  }
}
