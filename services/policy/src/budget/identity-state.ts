import type { identityV1, WatchedState } from '@weir/contracts'
import type { BudgetScope } from './budget.entity.js'

/** Money that identity says a team or key may spend. */
export interface IdentityLimit {
  organization: string
  scope: BudgetScope
  scopeId: string
  amountNanoUsd: bigint
  /** daily, weekly, monthly; empty: once. */
  duration: string
}

/** Identity's names of what a budget can be of. */
const scopes: Record<string, BudgetScope> = {
  organization: 'organization',
  team: 'team',
  workspace: 'workspace',
  workload: 'workload',
  virtual_key: 'key',
}

/** What is kept of identity's state: what there is, and what of it may spend how much. */
export class IdentityState implements WatchedState<identityV1.IdentityResource> {
  private readonly organizations = new Map<string, string>()
  private readonly limits = new Map<string, IdentityLimit>()
  private readonly touched = new Set<string>()

  /** Organization of a team, workspace, …; undefined: there is none. */
  organizationOf(scope: BudgetScope, id: string): string | undefined {
    return this.organizations.get(`${scope}/${id}`)
  }

  limitOf(scopeKey: string): IdentityLimit | undefined {
    return this.limits.get(scopeKey)
  }

  /** The limits that were set, changed or removed since this was last asked, as `team/sales`. */
  takeTouched(): string[] {
    const touched = [...this.touched]
    this.touched.clear()
    return touched
  }

  upsert(resource: identityV1.IdentityResource): void {
    const { organization, team, workspace, workload, virtualKey } = resource
    if (organization) this.organizations.set(`organization/${organization.id}`, organization.id)
    if (workspace) this.organizations.set(`workspace/${workspace.id}`, workspace.organization)
    if (workload) this.organizations.set(`workload/${workload.id}`, workload.organization)
    if (team) this.note('team', team)
    if (virtualKey) this.note('key', virtualKey)
  }

  remove(kind: string, id: string): void {
    const scope = scopes[kind]
    if (!scope) return
    const key = `${scope}/${id}`
    this.organizations.delete(key)
    if (this.limits.delete(key)) this.touched.add(key)
  }

  all(): identityV1.IdentityResource[] {
    return []
  }

  private note(scope: BudgetScope, resource: identityV1.Team | identityV1.VirtualKey): void {
    const { id, organization, money } = resource
    const key = `${scope}/${id}`
    this.organizations.set(key, organization)
    const had = this.limits.delete(key)
    if (had || money) this.touched.add(key)
    if (!money) return
    this.limits.set(key, {
      ...{ organization, scope, scopeId: id },
      ...{ amountNanoUsd: BigInt(money.amountNanoUsd), duration: money.duration },
    })
  }
}
