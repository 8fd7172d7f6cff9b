import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import type { EventBatch } from '@weir/bus'
import { usageRated, type UsageRated } from '@weir/contracts'
import { GroupCommit, insertNewEvents, Outbox, savePositions, timeBatch } from '@weir/database'
import { DataSource, type EntityManager } from 'typeorm'
import type { Budget } from './budget.entity.js'
import { lockBudgets, LockedPeriods, spanOf } from './budget-state.store.js'
import { type Charge, type ChargeGroup, groupCharges, readCharge } from './charge.js'
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
  // As text: of a Date the driver makes one in local time, slowly.
  {
    name: 'started_at',
    type: 'timestamptz',
    value: (row: Charge) => new Date(row.startedAtMs).toISOString(),
  },
  { name: 'organization', type: 'text', value: (row: Charge) => row.organization },
  { name: 'teams', type: 'text', value: (row: Charge) => row.teamPath },
  { name: 'workspace', type: 'text', value: (row: Charge) => row.workspace },
  { name: 'workload', type: 'text', value: (row: Charge) => row.workload },
  { name: 'virtual_key', type: 'text', value: (row: Charge) => row.virtualKey },
  { name: 'cost_nano_usd', type: 'numeric', value: (row: Charge) => String(row.costNanoUsd) },
]

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
      await savePositions(manager, policyGroup, usageRated.topic, batches)
      return added
    })
    this.outbox.notify()
    const newestMs = charges.reduce((newest, { startedAtMs }) => Math.max(newest, startedAtMs), 0)
    done({ events: charges.length, newEvents: added.length, newestMs })
  }

  private async apply(manager: EntityManager, charges: Charge[]): Promise<void> {
    const groups = groupCharges(charges)
    const budgets = await lockBudgets(manager, await findBudgets(manager, groups))
    if (budgets.size === 0) return
    const byScope = Map.groupBy(budgets.values(), (budget) => scopeKey(budget))
    const matches: Match[] = []
    for (const group of groups) {
      const organization = group.charges[0]?.organization ?? ''
      for (const scope of group.scopes) {
        for (const budget of byScope.get(scopeKey({ organization, ...scope })) ?? []) {
          matches.push(...matchesOf(group, budget))
        }
      }
    }
    const periods = await LockedPeriods.load(manager, matches)
    for (const { budget, startMs, costNanoUsd, lease } of matches) {
      charge(periods.get(budget.id, startMs).state, costNanoUsd, lease)
    }
    await tellCrossed(manager, periods)
    await periods.saveSpent()
    await periods.saveLeases(new Set(charges.map(({ gatewayRun }) => gatewayRun)))
  }
}

/** What a group adds to one period of a budget. */
interface Match {
  budget: Budget
  startMs: number
  costNanoUsd: bigint
  lease: { gateway: string; relief: bigint } | undefined
}

function matchesOf({ charges, heldOf }: ChargeGroup, budget: Budget): Match[] {
  const matches: Match[] = []
  const isHeld = heldOf.has(budget.id)
  for (const { startedAtMs, costNanoUsd, gatewayRun: gateway, reliefNanoUsd } of charges) {
    const { startMs } = spanOf(budget, startedAtMs)
    // A budget for once does not count what was before it.
    if (startMs > startedAtMs) continue
    let match = matches.find((one) => one.startMs === startMs)
    if (!match) {
      match = { budget, startMs, costNanoUsd: 0n, lease: isHeld ? { gateway, relief: 0n } : undefined }
      matches.push(match)
    }
    match.costNanoUsd += costNanoUsd
    if (match.lease) match.lease.relief += reliefNanoUsd
  }
  return matches
}

const scopeKey = ({ organization, scope, scopeId }: Pick<Budget, 'organization' | 'scope' | 'scopeId'>) =>
  `${organization} ${scope} ${scopeId}`

function insertNew(manager: EntityManager, charges: Charge[]): Promise<Charge[]> {
  const distinct = [...new Map(charges.map((one) => [one.eventId, one])).values()]
  return insertNewEvents(manager, 'charge', columns, distinct, ({ eventId }) => eventId)
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

/** Ids of the budgets of any of the scopes; of other organizations too, where these have scopes of the same name. */
async function findBudgets(manager: EntityManager, groups: ChargeGroup[]): Promise<string[]> {
  const scopes = new Map(
    groups.flatMap((group) =>
      group.scopes.map((scope) => [`${scope.scope} ${scope.scopeId}`, scope] as const),
    ),
  )
  const wanted = [...scopes.values()]
  const rows = await manager.query<{ id: string }[]>(
    `SELECT id FROM budget WHERE (scope, scope_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    [wanted.map(({ scope }) => scope), wanted.map(({ scopeId }) => scopeId)],
  )
  return rows.map(({ id }) => id)
}
