import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import type { EventBatch } from '@weir/bus'
import { usageRated, type UsageRated } from '@weir/contracts'
import { GroupCommit, insertFromArrays, Outbox, savePosition, timeBatch, toArrays } from '@weir/database'
import { DataSource, type EntityManager } from 'typeorm'
import type { Budget } from './budget.entity.js'
import { lockBudgets, LockedPeriods, spanOf } from './budget-state.store.js'
import { type Charge, readCharge, scopesOf } from './charge.js'
import { charge } from './money-rules.js'
import { tellCrossed } from './threshold.js'

/** Consumer group of the policy service. */
export const policyGroup = 'policy'

const maxChargesPerTransaction = 2_000
/** What was spent is known that much later; what may be spent depends on holds, not on it. */
const spacingMs = 100

/** A batch of one partition. */
interface ChargeBatch {
  partition: number
  nextOffset: bigint
  charges: Charge[]
}

const columns = [
  { name: 'event_id', type: 'uuid', value: (row: Charge) => row.eventId },
  { name: 'started_at', type: 'timestamptz', value: (row: Charge) => new Date(row.startedAtMs) },
  { name: 'organization', type: 'text', value: (row: Charge) => row.organization },
  // An array of arrays would have to be square.
  { name: 'teams', type: 'text', value: (row: Charge) => row.teams.join('/') },
  { name: 'workspace', type: 'text', value: (row: Charge) => row.workspace },
  { name: 'workload', type: 'text', value: (row: Charge) => row.workload },
  { name: 'virtual_key', type: 'text', value: (row: Charge) => row.virtualKey },
  { name: 'cost_nano_usd', type: 'numeric', value: (row: Charge) => String(row.costNanoUsd) },
]

const insertCharges = `${insertFromArrays('charge', columns)} ON CONFLICT (event_id) DO NOTHING RETURNING event_id`

/**
 * Held by everybody who charges, and alone by whoever makes a budget: what was charged before and
 * what is charged after are one and the same to the new budget then.
 */
export const chargingLock = `hashtext(current_schema() || ' charge')`

/** The final truth of what was spent: every rated attempt, once, by its event's id. */
@Injectable()
export class ChargeService {
  private readonly commits = new GroupCommit<ChargeBatch>({
    commit: (batches) => asService('charge', () => this.commit(batches)),
    sizeOf: ({ charges }) => charges.length,
    maxSize: maxChargesPerTransaction,
    spacingMs,
  })

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
  ) {}

  async record({ partition, events }: EventBatch<UsageRated>): Promise<void> {
    const charges = events.map(readCharge)
    const nextOffset = (events.at(-1)?.message.offset ?? -1n) + 1n
    await this.commits.add({ partition, nextOffset, charges })
  }

  private async commit(batches: ChargeBatch[]): Promise<void> {
    const done = timeBatch(usageRated.topic)
    const charges = batches.flatMap((batch) => batch.charges)
    const added = await this.dataSource.transaction(async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock_shared(${chargingLock})`)
      const added = await insertNew(manager, charges)
      await countRuns(manager, added)
      await this.apply(manager, added)
      for (const batch of batches.toSorted((a, b) => a.partition - b.partition)) {
        await savePosition(manager, policyGroup, { topic: usageRated.topic, ...batch })
      }
      return added
    })
    this.outbox.notify()
    const newestMs = charges.reduce((newest, { startedAtMs }) => Math.max(newest, startedAtMs), 0)
    done({ events: charges.length, newEvents: added.length, newestMs })
  }

  private async apply(manager: EntityManager, charges: Charge[]): Promise<void> {
    const ids = await findBudgets(manager, charges)
    const budgets = await lockBudgets(manager, ids)
    const byScope = Map.groupBy(budgets.values(), (budget) => scopeKey(budget))
    const matches = charges.flatMap((one) =>
      scopesOf(one).flatMap(({ scope, scopeId }) =>
        (byScope.get(scopeKey({ organization: one.organization, scope, scopeId })) ?? [])
          .map((budget) => ({ one, budget, startMs: spanOf(budget, one.startedAtMs).startMs }))
          // A budget for once does not count what was before it.
          .filter(({ startMs }) => startMs <= one.startedAtMs),
      ),
    )
    const periods = await LockedPeriods.load(manager, matches)
    for (const { one, budget, startMs } of matches) {
      const { gatewayRun: gateway, reliefNanoUsd: relief, costNanoUsd } = one
      const lease = one.heldOf.has(budget.id) ? { gateway, relief } : undefined
      charge(periods.get(budget.id, startMs).state, costNanoUsd, lease)
    }
    await tellCrossed(manager, periods)
    await periods.saveSpent()
    await periods.saveLeases(new Set(charges.map(({ gatewayRun }) => gatewayRun)))
  }
}

const scopeKey = ({ organization, scope, scopeId }: Pick<Budget, 'organization' | 'scope' | 'scopeId'>) =>
  `${organization} ${scope} ${scopeId}`

async function insertNew(manager: EntityManager, charges: Charge[]): Promise<Charge[]> {
  const distinct = [...new Map(charges.map((one) => [one.eventId, one])).values()]
  // In the order of ids: a copy waits for the transaction that has the first.
  distinct.sort((a, b) => (a.eventId < b.eventId ? -1 : 1))
  const rows = await manager.query<{ event_id: string }[]>(insertCharges, toArrays(columns, distinct))
  const newIds = new Set(rows.map((row) => row.event_id))
  return distinct.filter(({ eventId }) => newIds.has(eventId))
}

/** How many attempts of each gateway run are charged, of those that money was held for: by it a run ends. */
async function countRuns(manager: EntityManager, charges: Charge[]): Promise<void> {
  const counts = new Map<string, number>()
  for (const { gatewayRun } of charges) counts.set(gatewayRun, (counts.get(gatewayRun) ?? 0) + 1)
  counts.delete('')
  if (counts.size === 0) return
  const runs = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  await manager.query(
    `INSERT INTO run_charge (gateway_run, attempts) SELECT * FROM unnest($1::text[], $2::bigint[])
     ON CONFLICT (gateway_run) DO UPDATE SET attempts = run_charge.attempts + EXCLUDED.attempts`,
    [runs.map(([run]) => run), runs.map(([, count]) => count)],
  )
}

async function findBudgets(manager: EntityManager, charges: Charge[]): Promise<string[]> {
  const scopes = new Map(
    charges.flatMap((one) =>
      scopesOf(one).map((scope) => [scopeKey({ organization: one.organization, ...scope }), scope] as const),
    ),
  )
  const wanted = [...scopes.values()]
  const rows = await manager.query<{ id: string }[]>(
    `SELECT id FROM budget WHERE (scope, scope_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    [wanted.map(({ scope }) => scope), wanted.map(({ scopeId }) => scopeId)],
  )
  return rows.map(({ id }) => id)
}
