import { type EventBatch, PoisonedMessage } from '@weir/bus'
import type { UsageRated } from '@weir/contracts'
import { checkStorable, eventTimeMs } from '@weir/database'
import { parseUsd } from '@weir/rating'
import type { BudgetScope } from './budget.entity.js'

/** What an attempt cost, and whom. */
export interface Charge {
  eventId: string
  startedAtMs: number
  organization: string
  /** The team and all above it, from the top. */
  teams: string[]
  workspace: string
  workload: string
  virtualKey: string
  costNanoUsd: bigint
  /** Budgets that money was held of. */
  heldOf: ReadonlySet<string>
  gatewayRun: string
  /** What each of their leases is relieved of: the whole hold when nobody lived to settle it. */
  reliefNanoUsd: bigint
}

const amount = /^\d{1,20}$/

/**
 * Reads a rated attempt. One whose cost is not known costs nothing here either, as in the ledger.
 * @throws PoisonedMessage when the event makes no sense
 */
export function readCharge({ event, message }: EventBatch<UsageRated>['events'][number]): Charge {
  try {
    checkStorable(event)
    const costNanoUsd = event.cost === '' ? 0n : parseUsd(event.cost)
    if (costNanoUsd < 0n) throw new TypeError('cost is negative')
    if (!amount.test(event.openHoldNanoUsd)) throw new TypeError('openHoldNanoUsd is not a number')
    const openHold = BigInt(event.openHoldNanoUsd)
    return {
      eventId: event.eventId,
      startedAtMs: eventTimeMs('startedAt', event.startedAt),
      organization: event.organization,
      teams: event.teamPath.split('/').filter((team) => team !== ''),
      workspace: event.workspace,
      workload: event.workload,
      virtualKey: event.virtualKey,
      costNanoUsd,
      heldOf: new Set(event.budgets.split(',').filter((id) => id !== '')),
      gatewayRun: event.gatewayRun,
      reliefNanoUsd: openHold > 0n ? openHold : costNanoUsd,
    }
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new PoisonedMessage(message, error.message)
    }
    throw error
  }
}

/** Everything that a charge counts against. */
export function scopesOf(charge: Charge): { scope: BudgetScope; scopeId: string }[] {
  const { organization, teams, workspace, workload, virtualKey } = charge
  return [
    { scope: 'organization', scopeId: organization },
    ...teams.map((scopeId) => ({ scope: 'team' as const, scopeId })),
    { scope: 'workspace', scopeId: workspace },
    { scope: 'workload', scopeId: workload },
    { scope: 'key', scopeId: virtualKey },
  ]
}
