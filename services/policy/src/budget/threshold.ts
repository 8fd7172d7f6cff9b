import { budgetCrossed } from '@weir/contracts'
import { Outbox } from '@weir/database'
import { currentTraceparent } from '@weir/observability'
import { formatUsd } from '@weir/rating'
import { randomUUID } from 'node:crypto'
import type { EntityManager } from 'typeorm'
import type { LockedPeriod, LockedPeriods } from './budget-state.store.js'
import { newlyCrossed } from './money-rules.js'

/** Sends an event for each threshold that a period has reached, once. */
export async function tellCrossed(manager: EntityManager, periods: LockedPeriods): Promise<void> {
  for (const period of periods) {
    const crossed = newlyCrossed(period.state, period.budget.thresholds, period.told)
    period.told = [...period.told, ...crossed]
    const messages = crossed.map((threshold) => toMessage(period, threshold))
    await Outbox.add(manager, budgetCrossed.topic, messages)
  }
}

function toMessage({ budget, startMs, state }: LockedPeriod, thresholdPercent: number) {
  const { id, organization, scope, scopeId, hard } = budget
  const event = {
    eventId: randomUUID(),
    occurredAt: new Date().toISOString(),
    organization,
    budget: id,
    scope,
    scopeId,
    thresholdPercent,
    limit: formatUsd(state.limit),
    spent: formatUsd(state.spent),
    currency: 'USD',
    periodStart: new Date(startMs).toISOString(),
    hard,
  }
  return budgetCrossed.encode(event, 'policy', currentTraceparent())
}
