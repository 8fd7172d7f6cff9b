import { ApiProperty } from '@nestjs/swagger'
import type { policyV1 } from '@weir/contracts'
import { formatDollars } from '@weir/http'
import type { EntityManager } from 'typeorm'
import type { Budget } from './budget.entity.js'
import { LockedPeriods, spanOf } from './budget-state.store.js'
import { type Figures, figuresOf } from './money-rules.js'
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

/** A budget with its figures at one moment. */
export interface Standing extends Figures {
  budget: Budget
  /** Milliseconds since 1970; undefined: never. */
  endMs: number | undefined
}

/** How budgets stand now, each in its running period. */
export async function readStandings(manager: EntityManager, budgets: Budget[]): Promise<Standing[]> {
  const now = Date.now()
  const spans = budgets.map((budget) => spanOf(budget, now))
  const wanted = budgets.map((budget, index) => ({ budget, startMs: spans[index]?.startMs ?? 0 }))
  const periods = await LockedPeriods.load(manager, wanted)
  const silent = await manager.query<{ id: string }[]>(
    `SELECT id FROM gateway_run WHERE renewed_at < now() - interval '${leaseExpiryMs} ms'`,
  )
  const isSilent = new Set(silent.map(({ id }) => id))
  return wanted.map(({ budget, startMs }, index) => ({
    ...figuresOf(periods.get(budget.id, startMs).state, (gateway) => isSilent.has(gateway)),
    budget,
    endMs: spans[index]?.endMs,
  }))
}

/** @param standings of one scope, at least one */
export function toStatusResponse(standings: Standing[]): BudgetStatusResponse {
  const parts = standings.map((standing) => ({ left: standing.left, part: toPart(standing) }))
  const [tightest] = parts.toSorted((a, b) => (a.left < b.left ? -1 : a.left > b.left ? 1 : 0))
  const { id: _id, period: _period, hard: _hard, ...figures } = tightest?.part as BudgetPart
  return { ...figures, budgets: parts.map(({ part }) => part) }
}

function toPart({ budget, limit, spent, held, estimated, left, endMs }: Standing): BudgetPart {
  return {
    ...{ id: budget.id, period: budget.period, hard: budget.hard },
    limit: formatDollars(limit),
    spent: formatDollars(spent),
    held: formatDollars(held),
    estimated: formatDollars(estimated),
    left: formatDollars(left),
    resets_at: endMs === undefined ? null : new Date(endMs).toISOString(),
  }
}

export function toProto({
  budget,
  limit,
  spent,
  held,
  estimated,
  left,
  endMs,
}: Standing): policyV1.BudgetStatus {
  const { id, scope, scopeId, hard, period } = budget
  return {
    ...{ id, of: { scope, scopeId }, hard, period },
    limitNanoUsd: String(limit),
    spentNanoUsd: String(spent),
    heldNanoUsd: String(held),
    estimatedNanoUsd: String(estimated),
    leftNanoUsd: String(left),
    resetsAtMs: String(endMs ?? 0),
  }
}
