import type { ActionRecorded } from '../generated/weir/audit/v1/audit_events.js'
import type { CatalogChanged } from '../generated/weir/catalog/v1/catalog_events.js'
import type { BusinessUnitCostRolledUp } from '../generated/weir/cost/v1/cost_events.js'
import type { IdentityChanged } from '../generated/weir/identity/v1/identity_events.js'
import type {
  BudgetCrossed,
  PolicyChanged,
  ViolationFound,
} from '../generated/weir/policy/v1/policy_events.js'
import type { RequestSettled, UsageRated } from '../generated/weir/usage/v1/usage_events.js'
import { declareEvent, type AnyEventType } from './event-type.js'

export type {
  ActionRecorded,
  BudgetCrossed,
  BusinessUnitCostRolledUp,
  CatalogChanged,
  IdentityChanged,
  PolicyChanged,
  RequestSettled,
  UsageRated,
  ViolationFound,
}

/** An attempt ended, however it ended: gateway → metering. */
export const requestSettled = declareEvent<RequestSettled>({
  name: 'weir.usage.v1.RequestSettled',
  keyFields: ['virtualKey'],
  timeField: 'endedAt',
})

/** An attempt has its cost: metering → aggregator and analysts. */
export const usageRated = declareEvent<UsageRated>({
  name: 'weir.usage.v1.UsageRated',
  keyFields: ['virtualKey'],
  timeField: 'ratedAt',
})

/** What a business unit has used and spent in an interval, so far: aggregator → analysts. */
export const businessUnitCostRolledUp = declareEvent<BusinessUnitCostRolledUp>({
  name: 'weir.cost.v1.BusinessUnitCostRolledUp',
  keyFields: ['organization', 'team', 'interval', 'start'],
  timeField: 'rolledUpAt',
  compacted: true,
})

/** A virtual key, team, workspace or workload was created, changed or deleted. */
export const identityChanged = declareEvent<IdentityChanged>({
  name: 'weir.identity.v1.IdentityChanged',
  keyFields: ['kind', 'id'],
  timeField: 'occurredAt',
})

/** A provider, model or price was created, changed or deleted. */
export const catalogChanged = declareEvent<CatalogChanged>({
  name: 'weir.catalog.v1.CatalogChanged',
  keyFields: ['kind', 'id'],
  timeField: 'occurredAt',
})

/** A budget or policy was created, changed or deleted. */
export const policyChanged = declareEvent<PolicyChanged>({
  name: 'weir.policy.v1.PolicyChanged',
  keyFields: ['kind', 'id'],
  timeField: 'occurredAt',
})

/** What was spent of a budget has reached a threshold: policy → whoever alerts. */
export const budgetCrossed = declareEvent<BudgetCrossed>({
  name: 'weir.policy.v1.BudgetCrossed',
  keyFields: ['budget'],
  timeField: 'occurredAt',
})

/** A content violates a policy: policy → whoever alerts, and analysts. */
export const violationFound = declareEvent<ViolationFound>({
  name: 'weir.policy.v1.ViolationFound',
  keyFields: ['policy'],
  timeField: 'occurredAt',
})

/** Somebody changed something, or tried to: every service → identity's audit trail, and auditors. */
export const actionRecorded = declareEvent<ActionRecorded>({
  name: 'weir.audit.v1.ActionRecorded',
  keyFields: ['organization'],
  timeField: 'occurredAt',
})

/** Every event there is. Topics are provisioned, and AsyncAPI is written, from this list. */
export const eventTypes: readonly AnyEventType[] = [
  requestSettled,
  usageRated,
  businessUnitCostRolledUp,
  identityChanged,
  catalogChanged,
  policyChanged,
  budgetCrossed,
  violationFound,
  actionRecorded,
]
