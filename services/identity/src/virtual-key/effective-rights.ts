import type { policyV1 } from '@weir/contracts'
import type { ModelUse, Refusal } from '@weir/rights'
import type { Organization } from '../organization/organization.entity.js'
import type { Team } from '../team/team.entity.js'
import type { Workload } from '../workload/workload.entity.js'
import type { Workspace } from '../workspace/workspace.entity.js'
import type { VirtualKey } from './virtual-key.entity.js'

/** What a virtual key may do now. */
export interface EffectiveRights {
  nowMs: number
  virtualKey: VirtualKey
  /** Why nothing at all may be called; undefined: something may. */
  refusal: Refusal | undefined
  /** What belongs to it, with limits of their own. */
  organization: Organization | null
  workspace: Workspace | null
  workload: Workload | null
  /** From the top down. */
  teams: Team[]
  /** Undefined: policy did not say. */
  budgets: policyV1.BudgetStatus[] | undefined
  isWhitelisted: boolean
  /** Of its workspace. */
  deployments: NamedRefusal[]
  /** Of its workspace. */
  repositories: NamedRefusal[]
  models: EffectiveModel[]
}

/** Something that may or may not be called. */
export interface NamedRefusal {
  name: string
  /** Undefined: it may. */
  refusal: Refusal | undefined
}

/** One model. */
export interface EffectiveModel {
  name: string
  /** Why it may not be used; undefined: it may. */
  refusal: Refusal | undefined
  entry: ModelUse['entry']
}
