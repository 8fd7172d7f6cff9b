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
  /** The team and all above it, from the top, with slashes between them; empty: no team. */
  teamPath: string
  workspace: string
  workload: string
  virtualKey: string
  costNanoUsd: bigint
  /** Ids of the budgets that money was held of, with commas between them. */
  budgets: string
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
      teamPath: event.teamPath,
      workspace: event.workspace,
      workload: event.workload,
      virtualKey: event.virtualKey,
      costNanoUsd,
      budgets: event.budgets,
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

/** Charges that differ in nothing but when they were, and how much: many of a batch do. */
export interface ChargeGroup {
  charges: Charge[]
  /** Everything that each counts against. */
  scopes: { scope: BudgetScope; scopeId: string }[]
  /** Budgets that money was held of. */
  heldOf: ReadonlySet<string>
}

/** Charges by who pays and who held. */
export function groupCharges(charges: readonly Charge[]): ChargeGroup[] {
  const groups = new Map<string, ChargeGroup>()
  for (const charge of charges) {
    const { organization, teamPath, workspace, workload, virtualKey, gatewayRun, budgets } = charge
    const key = `${organization} ${teamPath} ${workspace} ${workload} ${virtualKey} ${gatewayRun} ${budgets}`
    const group = groups.get(key)
    if (group) group.charges.push(charge)
    else
      groups.set(key, { charges: [charge], scopes: scopesOf(charge), heldOf: new Set(partsOf(budgets, ',')) })
  }
  return [...groups.values()]
}

const partsOf = (text: string, separator: string): string[] =>
  text.split(separator).filter((part) => part !== '')

function scopesOf({
  organization,
  teamPath,
  workspace,
  workload,
  virtualKey,
}: Charge): ChargeGroup['scopes'] {
  return [
    { scope: 'organization', scopeId: organization },
    ...partsOf(teamPath, '/').map((scopeId) => ({ scope: 'team' as const, scopeId })),
    { scope: 'workspace', scopeId: workspace },
    { scope: 'workload', scopeId: workload },
    { scope: 'key', scopeId: virtualKey },
  ]
}
