import type { policyV1 } from '@weir/contracts'
import { entityKind, type FeedKind } from '@weir/database'
import { Budget } from './budget.entity.js'

/** A budget as gateways get it: what it is of and what it does, never its figures. */
function toProto(budget: Budget): policyV1.Budget {
  const { id, organization, scope, scopeId, hard, lowersOutput, exact } = budget
  return { id, organization, scope, scopeId, hard, lowersOutput, exact }
}

/** What gateways watch of budgets. */
export const budgetKinds: FeedKind<policyV1.Budget>[] = [entityKind('budget', Budget, toProto)]
