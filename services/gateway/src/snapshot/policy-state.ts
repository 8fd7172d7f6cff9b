import type { policyV1 } from '@weir/contracts'
import type { WatchedState } from './watcher.js'

/** In which scopes policies apply, so that nobody is asked in vain. */
export class PolicyState implements WatchedState<policyV1.PolicyScope> {
  private readonly scopes = new Map<string, policyV1.PolicyScope>()

  /** Whether any policy judges what this workspace sends to a model. */
  judgesInput(organization: string, workspace: string): boolean {
    if (this.scopes.size === 0) return false
    for (const scope of this.scopes.values()) {
      const covers =
        scope.organization === organization && (scope.workspace === '' || scope.workspace === workspace)
      if (covers && scope.appliesToInput) return true
    }
    return false
  }

  upsert(scope: policyV1.PolicyScope): void {
    this.scopes.set(scope.policy, scope)
  }

  remove(_kind: string, id: string): void {
    this.scopes.delete(id)
  }

  all(): policyV1.PolicyScope[] {
    return [...this.scopes.values()]
  }
}
