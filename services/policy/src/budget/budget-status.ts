import { ApiProperty } from '@nestjs/swagger'
import { formatDollars } from '@weir/http'
import type { EntityManager } from 'typeorm'
import type { Budget } from './budget.entity.js'
import { LockedPeriods, spanOf } from './budget-state.store.js'
import { outstanding } from './money-rules.js'
import type { Period } from './period.js'

/** After which what a silent gateway holds counts as spent: it may have spent all of it. */
export const leaseExpiryMs = 120_000

class BudgetFigures {
  @ApiProperty({ description: 'Dollars that may be spent in the period.', example: '100' })
  limit: string

  @ApiProperty({
    description: 'Dollars that were spent in it; the sum of what the ledger has.',
    example: '41.5',
  })
  spent: string

  @ApiProperty({
    description: 'Dollars set aside for calls under way, or leased to gateways.',
    example: '0.25',
  })
  held: string

  @ApiProperty({
    description: 'Dollars that gateways held which were not heard of for 120 s: they may have been spent.',
    example: '0',
  })
  estimated: string

  @ApiProperty({ description: 'Dollars that are left.', example: '58.25' })
  left: string

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'When the period ends; null: never.',
  })
  resets_at: string | null
}

class BudgetPart extends BudgetFigures {
  @ApiProperty({ description: 'Its id.', example: 'budget_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ type: String, description: 'How often it starts anew.', example: 'monthly' })
  period: Period

  @ApiProperty({ description: 'Whether it refuses what does not fit.' })
  hard: boolean
}

export class BudgetStatusResponse extends BudgetFigures {
  @ApiProperty({
    type: [BudgetPart],
    description: 'Each of its budgets; above stands the one with the least left.',
  })
  budgets: BudgetPart[]
}

const positive = (amount: bigint): bigint => (amount > 0n ? amount : 0n)

/** How budgets stand now. @param budgets of one scope, at least one */
export async function readStatus(manager: EntityManager, budgets: Budget[]): Promise<BudgetStatusResponse> {
  const now = Date.now()
  const spans = budgets.map((budget) => spanOf(budget, now))
  const wanted = budgets.map((budget, index) => ({ budget, startMs: spans[index]?.startMs ?? 0 }))
  const periods = await LockedPeriods.load(manager, wanted)
  const silent = await manager.query<{ id: string }[]>(
    `SELECT id FROM gateway_run WHERE renewed_at < now() - interval '${leaseExpiryMs} ms'`,
  )
  const isSilent = new Set(silent.map(({ id }) => id))
  const parts = wanted.map(({ budget, startMs }, index) => {
    const { state } = periods.get(budget.id, startMs)
    let [held, estimated] = [0n, 0n]
    for (const [gateway, lease] of state.leases) {
      if (isSilent.has(gateway)) estimated += outstanding(lease)
      else held += outstanding(lease)
    }
    const left = positive(state.limit - state.spent - held - estimated)
    const end = spans[index]?.endMs
    return {
      left,
      part: {
        ...{ id: budget.id, period: budget.period, hard: budget.hard },
        limit: formatDollars(state.limit),
        spent: formatDollars(state.spent),
        held: formatDollars(held),
        estimated: formatDollars(estimated),
        left: formatDollars(left),
        resets_at: end === undefined ? null : new Date(end).toISOString(),
      },
    }
  })
  const [tightest] = parts.toSorted((a, b) => (a.left < b.left ? -1 : a.left > b.left ? 1 : 0))
  const { id: _id, period: _period, hard: _hard, ...figures } = tightest?.part as BudgetPart
  return { ...figures, budgets: parts.map(({ part }) => part) }
}
