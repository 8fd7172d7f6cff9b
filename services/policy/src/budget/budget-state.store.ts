import { insertRows } from '@weir/database'
import type { EntityManager } from 'typeorm'
import { Budget } from './budget.entity.js'
import type { PeriodState } from './money-rules.js'
import { periodAt, type PeriodSpan } from './period.js'

/** A period of a budget, locked and in memory. */
export interface LockedPeriod {
  budget: Budget
  startMs: number
  state: PeriodState
  /** Thresholds whose event was sent. */
  told: number[]
}

interface PeriodRow {
  budget: string
  startMs: string
  spent: string
  told: number[]
}

interface LeaseRow {
  budget: string
  startMs: string
  gatewayRun: string
  granted: string
  returned: string
  rated: string
}

const leaseColumns = [
  { name: 'budget', type: 'text', value: (row: LeaseRow) => row.budget },
  { name: 'start_ms', type: 'bigint', value: (row: LeaseRow) => row.startMs },
  { name: 'gateway_run', type: 'text', value: (row: LeaseRow) => row.gatewayRun },
  { name: 'granted_nano_usd', type: 'numeric', value: (row: LeaseRow) => row.granted },
  { name: 'returned_nano_usd', type: 'numeric', value: (row: LeaseRow) => row.returned },
  { name: 'rated_nano_usd', type: 'numeric', value: (row: LeaseRow) => row.rated },
]

const updateLeases = `
  ON CONFLICT (budget, start_ms, gateway_run) DO UPDATE SET granted_nano_usd = EXCLUDED.granted_nano_usd,
    returned_nano_usd = EXCLUDED.returned_nano_usd, rated_nano_usd = EXCLUDED.rated_nano_usd`

const savePeriods = `
  INSERT INTO budget_period (budget, start_ms, spent_nano_usd, told_thresholds)
  SELECT budget, start_ms, spent, told::integer[]
  FROM unnest($1::text[], $2::bigint[], $3::numeric[], $4::text[]) AS saved (budget, start_ms, spent, told)
  ON CONFLICT (budget, start_ms) DO UPDATE
  SET spent_nano_usd = EXCLUDED.spent_nano_usd, told_thresholds = EXCLUDED.told_thresholds`

/** Locks budgets in the order of their ids, so that two transactions never wait for each other. */
export async function lockBudgets(
  manager: EntityManager,
  ids: Iterable<string>,
): Promise<Map<string, Budget>> {
  const wanted = [...new Set(ids)]
  if (wanted.length === 0) return new Map()
  const budgets = await manager
    .createQueryBuilder(Budget, 'budget')
    .where('budget.id = ANY(:wanted)', { wanted })
    .orderBy('budget.id')
    .setLock('for_no_key_update')
    .getMany()
  return new Map(budgets.map((budget) => [budget.id, budget]))
}

/** The period of a budget that a moment lies in. */
export const spanOf = ({ period, timeZone, createdAt }: Budget, atMs: number): PeriodSpan =>
  periodAt(period, timeZone, atMs, createdAt.getTime())

const keyOf = (budget: string, startMs: number | string) => `${startMs} ${budget}`

/** The periods of locked budgets that one transaction works on; what it changes of them is saved at its end. */
export class LockedPeriods {
  private readonly periods = new Map<string, LockedPeriod>()

  private constructor(private readonly manager: EntityManager) {}

  /** @param wanted of budgets that this transaction has locked */
  static async load(
    manager: EntityManager,
    wanted: { budget: Budget; startMs: number }[],
  ): Promise<LockedPeriods> {
    const loaded = new LockedPeriods(manager)
    for (const { budget, startMs } of wanted) {
      const state = { limit: budget.amountNanoUsd, spent: 0n, leases: new Map() }
      loaded.periods.set(keyOf(budget.id, startMs), { budget, startMs, state, told: [] })
    }
    const keys = [wanted.map(({ budget }) => budget.id), wanted.map(({ startMs }) => startMs)]
    const these = `(budget, start_ms) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))`
    const periods = await manager.query<PeriodRow[]>(
      `SELECT budget, start_ms AS "startMs", spent_nano_usd AS spent, told_thresholds AS told
       FROM budget_period WHERE ${these}`,
      keys,
    )
    for (const row of periods) {
      const period = loaded.get(row.budget, Number(row.startMs))
      period.state.spent = BigInt(row.spent)
      period.told = row.told
    }
    const leases = await manager.query<LeaseRow[]>(
      `SELECT budget, start_ms AS "startMs", gateway_run AS "gatewayRun", granted_nano_usd AS granted,
         returned_nano_usd AS returned, rated_nano_usd AS rated
       FROM lease WHERE ${these}`,
      keys,
    )
    for (const { budget, startMs, gatewayRun, granted, returned, rated } of leases) {
      loaded.get(budget, Number(startMs)).state.leases.set(gatewayRun, {
        granted: BigInt(granted),
        returned: BigInt(returned),
        rated: BigInt(rated),
      })
    }
    return loaded
  }

  /** @throws Error for a period that was not loaded */
  get(budget: string, startMs: number): LockedPeriod {
    const period = this.periods.get(keyOf(budget, startMs))
    if (!period) throw new Error(`The period ${startMs} of the budget ${budget} was not loaded.`)
    return period
  }

  [Symbol.iterator](): Iterator<LockedPeriod> {
    return this.periods.values()
  }

  /** Saves the leases of some gateways. */
  async saveLeases(gatewayRuns: ReadonlySet<string>): Promise<void> {
    const rows: LeaseRow[] = []
    for (const { budget, startMs, state } of this.periods.values()) {
      for (const gatewayRun of gatewayRuns) {
        const lease = state.leases.get(gatewayRun)
        if (!lease) continue
        const { granted, returned, rated } = lease
        rows.push({
          ...{ budget: budget.id, startMs: String(startMs), gatewayRun },
          ...{ granted: String(granted), returned: String(returned), rated: String(rated) },
        })
      }
    }
    if (rows.length === 0) return
    const { insert, values } = insertRows('lease', leaseColumns, rows)
    await this.manager.query(`${insert} ${updateLeases}`, values)
  }

  /** Saves what was spent, and which thresholds were told. */
  async saveSpent(): Promise<void> {
    const periods = [...this.periods.values()]
    if (periods.length === 0) return
    await this.manager.query(savePeriods, [
      periods.map(({ budget }) => budget.id),
      periods.map(({ startMs }) => startMs),
      periods.map(({ state }) => String(state.spent)),
      // An array of arrays would have to be square.
      periods.map(({ told }) => `{${told.join(',')}}`),
    ])
  }
}
