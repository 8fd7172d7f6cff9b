import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, newId } from '@weir/database'
import { AppError } from '@weir/errors'
import { afterCursor, type Caller } from '@weir/http'
import { type EntityManager, MoreThan, Repository } from 'typeorm'
import { Budget, type BudgetChange, type BudgetFields, type BudgetScope } from './budget.entity.js'
import { lockBudgets, LockedPeriods, spanOf } from './budget-state.store.js'
import type { ListBudgetsQuery } from './budget.dto.js'
import { chargingLock } from './charge.service.js'
import type { IdentityLimit } from './identity-state.js'
import { tellCrossed } from './threshold.js'

const defaultThresholds = [50, 80, 100]

/** Every level has its ids in each attempt's event, so there may not be any number of them. */
const maxBudgetsPerScope = 5

@Injectable()
export class BudgetService {
  constructor(
    @InjectRepository(Budget) private readonly budgets: Repository<Budget>,
    private readonly changeLog: ChangeLog,
  ) {}

  async create(caller: Caller, fields: BudgetFields): Promise<Budget> {
    const id = await this.insert({ ...fields, organization: caller.organization, source: 'budget' })
    return this.get(caller, id)
  }

  async get({ organization }: Caller, id: string): Promise<Budget> {
    const budget = await this.budgets.findOneBy({ id, organization })
    if (!budget) throw AppError.of('budget_not_found', { budget: id })
    return budget
  }

  list({ organization }: Caller, { limit, cursor }: ListBudgetsQuery): Promise<Budget[]> {
    const after = afterCursor(cursor)
    return this.budgets.find({
      where: { organization, ...(after && { id: MoreThan(after) }) },
      order: { id: 'ASC' },
      take: limit + 1,
    })
  }

  /** The budgets of one team, workspace, …; none: budget_not_found. */
  async listOf({ organization }: Caller, scope: BudgetScope, scopeId: string): Promise<Budget[]> {
    const budgets = await this.budgets.find({
      where: { organization, scope, scopeId },
      order: { id: 'ASC' },
    })
    if (budgets.length === 0) throw AppError.of('budget_not_found', { budget: `${scope} ${scopeId}` })
    return budgets
  }

  async update(caller: Caller, id: string, change: BudgetChange): Promise<Budget> {
    refuseFollowing(await this.get(caller, id))
    await this.change(caller.organization, id, change)
    return this.get(caller, id)
  }

  async delete(caller: Caller, id: string): Promise<void> {
    refuseFollowing(await this.get(caller, id))
    await this.remove(caller.organization, id)
  }

  /** Makes the budget that follows identity what it shall be; undefined on either side: there is none. */
  async follow(stored: Budget | undefined, wanted: IdentityLimit | undefined): Promise<void> {
    const period = wanted && ((wanted.duration || 'once') as Budget['period'])
    if (stored && stored.period !== period) await this.remove(stored.organization, stored.id)
    if (!wanted || !period) return
    const { organization, scope, scopeId, amountNanoUsd } = wanted
    if (stored?.period === period) {
      if (stored.amountNanoUsd !== amountNanoUsd)
        await this.change(organization, stored.id, { amountNanoUsd })
      return
    }
    const usual = { timeZone: 'UTC', hard: true, thresholds: defaultThresholds, lowersOutput: false }
    await this.insert({ ...usual, organization, scope, scopeId, amountNanoUsd, period, source: 'identity' })
  }

  private async insert(fields: BudgetFields & Pick<Budget, 'organization' | 'source'>): Promise<string> {
    const id = newId('budget')
    const { organization, scope, scopeId } = fields
    await this.changeLog.write(async (manager, changed) => {
      await manager.query(`SELECT pg_advisory_xact_lock(${chargingLock})`)
      const count = await manager.countBy(Budget, { organization, scope, scopeId })
      if (count >= maxBudgetsPerScope) {
        const reason = `The ${scope} \`${scopeId}\` has ${maxBudgetsPerScope} budgets, which is the most. Change one of them, or delete one first.`
        throw AppError.of('invalid_request', { reason })
      }
      const inserted = await manager
        .createQueryBuilder()
        .insert()
        .into(Budget)
        .values({ id, ...fields })
        .orIgnore()
        .returning('id')
        .execute()
      if ((inserted.raw as unknown[]).length === 0) return
      await countEarlierCharges(manager, id)
      changed({ organization, kind: 'budget', id, action: 'created' })
    })
    return id
  }

  private async change(organization: string, id: string, change: BudgetChange): Promise<void> {
    await this.changeLog.write(async (manager, changed) => {
      const budget = (await lockBudgets(manager, [id])).get(id)
      if (!budget) throw AppError.of('budget_not_found', { budget: id })
      Object.assign(budget, change, { updatedAt: new Date() })
      await manager.save(budget)
      const { startMs } = spanOf(budget, Date.now())
      const periods = await LockedPeriods.load(manager, [{ budget, startMs }])
      await tellCrossed(manager, periods)
      await periods.saveSpent()
      changed({ organization, kind: 'budget', id, action: 'updated' })
    })
  }

  private async remove(organization: string, id: string): Promise<void> {
    await this.changeLog.write(async (manager, changed) => {
      const { affected } = await manager.delete(Budget, { id })
      if (affected) changed({ organization, kind: 'budget', id, action: 'deleted' })
    })
  }
}

function refuseFollowing({ source, scope, scopeId }: Budget): void {
  if (source === 'budget') return
  const path = scope === 'key' ? 'keys' : 'teams'
  const reason = `This budget is the max_budget of the ${scope} \`${scopeId}\`. Change it with PATCH /v1/${path}/${scopeId}.`
  throw AppError.of('invalid_request', { reason })
}

/** What of a charge must be equal to the scope's id. */
const isOfScope: Record<BudgetScope, string> = {
  organization: 'organization = $4',
  team: `$4 = ANY (string_to_array(teams, '/'))`,
  workspace: 'workspace = $4',
  workload: 'workload = $4',
  key: 'virtual_key = $4',
}

/** What was spent in the running period before there was the budget. */
async function countEarlierCharges(manager: EntityManager, id: string): Promise<void> {
  const budget = await manager.findOneByOrFail(Budget, { id })
  const { organization, scope, scopeId } = budget
  const { startMs, endMs } = spanOf(budget, Date.now())
  const [row] = await manager.query<{ spent: string }[]>(
    `SELECT coalesce(sum(cost_nano_usd), 0) AS spent FROM charge
     WHERE organization = $1 AND started_at >= $2 AND ($3::timestamptz IS NULL OR started_at < $3)
       AND ${isOfScope[scope]}`,
    [organization, new Date(startMs), endMs === undefined ? null : new Date(endMs), scopeId],
  )
  const periods = await LockedPeriods.load(manager, [{ budget, startMs }])
  periods.get(id, startMs).state.spent = BigInt(row?.spent ?? 0)
  await tellCrossed(manager, periods)
  await periods.saveSpent()
}
