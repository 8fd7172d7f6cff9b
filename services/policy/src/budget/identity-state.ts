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

/** Where something belongs. One object for all that belong to the same: there may be a million virtual keys. */
interface Place {
  organization: string
  /** Empty: to none. */
  workspace: string
  /** Of a virtual key the team that it spends from, of a team the one above it. */
  team: string
  /** Virtual keys in this place. */
  keyCount: number
}

/** What is kept of identity's state: what there is, and what of it may spend how much. */
export class IdentityState implements WatchedState<identityV1.IdentityResource> {
  private readonly placeOf = new Map<string, Place>()
  private readonly places = new Map<string, Place>()
  private readonly limits = new Map<string, IdentityLimit>()
  private readonly touched = new Set<string>()

  /** Organization of a team, workspace, …; undefined: there is none. */
  organizationOf(scope: BudgetScope, id: string): string | undefined {
    return this.placeOf.get(`${scope}/${id}`)?.organization
  }

  /** Whether it is in one of some workspaces, or a team that virtual keys of them spend from. */
  isWithin(scope: BudgetScope, id: string, workspaces: readonly string[]): boolean {
    if (scope === 'workspace') return workspaces.includes(id)
    if (scope !== 'team') {
      const workspace = this.placeOf.get(`${scope}/${id}`)?.workspace
      return workspace !== undefined && workspace !== '' && workspaces.includes(workspace)
    }
    for (const { workspace, team, keyCount } of this.places.values()) {
      if (keyCount > 0 && workspaces.includes(workspace) && this.isOrIsBelow(team, id)) return true
    }
    return false
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
    if (organization) this.put(`organization/${organization.id}`, { organization: organization.id })
    if (workspace) this.put(`workspace/${workspace.id}`, { ...workspace, workspace: workspace.id })
    if (workload) this.put(`workload/${workload.id}`, workload)
    if (team) {
      this.put(`team/${team.id}`, { organization: team.organization, team: team.parent })
      this.noteLimit('team', team)
    }
    if (virtualKey) {
      this.put(`key/${virtualKey.id}`, virtualKey)
      this.noteLimit('key', virtualKey)
    }
  }

  remove(kind: string, id: string): void {
    const scope = scopes[kind]
    if (!scope) return
    const key = `${scope}/${id}`
    this.take(key)
    if (this.limits.delete(key)) this.touched.add(key)
  }

  all(): identityV1.IdentityResource[] {
    return []
  }

  private put(key: string, at: { organization: string; workspace?: string; team?: string }): void {
    this.take(key)
    const { organization, workspace = '', team = '' } = at
    const id = `${organization}/${workspace}/${team}`
    let place = this.places.get(id)
    if (!place) this.places.set(id, (place = { organization, workspace, team, keyCount: 0 }))
    if (key.startsWith('key/')) place.keyCount++
    this.placeOf.set(key, place)
  }

  private take(key: string): void {
    const place = this.placeOf.get(key)
    if (place && key.startsWith('key/')) place.keyCount--
    this.placeOf.delete(key)
  }

  private isOrIsBelow(team: string, above: string): boolean {
    for (let id = team; id !== ''; id = this.placeOf.get(`team/${id}`)?.team ?? '') {
      if (id === above) return true
    }
    return false
  }

  private noteLimit(scope: BudgetScope, resource: identityV1.Team | identityV1.VirtualKey): void {
    const { id, organization, money } = resource
    const key = `${scope}/${id}`
    const had = this.limits.delete(key)
    if (had || money) this.touched.add(key)
    if (!money) return
    this.limits.set(key, {
      ...{ organization, scope, scopeId: id },
      ...{ amountNanoUsd: BigInt(money.amountNanoUsd), duration: money.duration },
    })
  }
}
