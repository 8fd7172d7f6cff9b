import type { policyV1 } from '@weir/contracts'
import { type JudgedRequest, policyCovers } from '@weir/rights'
import { createHash } from 'node:crypto'
import type { WatchedState } from './watcher.js'

const none: readonly policyV1.PolicyScope[] = []

/** Where policies apply, so that nobody is asked in vain. */
export class PolicyState implements WatchedState<policyV1.PolicyScope> {
  private readonly scopes = new Map<string, policyV1.PolicyScope>()
  private readonly ofOrganization = new Map<string, policyV1.PolicyScope[]>()
  private readonly revisions = new Map<string, string>()

  /** Whether any policy judges what an organization sends to models. */
  judgesInput(organization: string): boolean {
    return (this.ofOrganization.get(organization) ?? none).some(({ appliesToInput }) => appliesToInput)
  }

  /** The policies that judge what a request sends. */
  coveringInput(request: JudgedRequest): readonly policyV1.PolicyScope[] {
    const scopes = this.ofOrganization.get(request.organization) ?? none
    return scopes.filter((scope) => scope.appliesToInput && policyCovers(scope, request))
  }

  /** Names the policies of an organization and their versions: another one says that another policy is in force. */
  revisionOf(organization: string): string {
    const known = this.revisions.get(organization)
    if (known !== undefined) return known
    const policies = (this.ofOrganization.get(organization) ?? none).map(
      ({ policy, revision }) => `${policy}/${revision}`,
    )
    const revision =
      policies.length === 0 ? '' : createHash('sha256').update(policies.sort().join(' ')).digest('base64url')
    this.revisions.set(organization, revision)
    return revision
  }

  upsert(scope: policyV1.PolicyScope): void {
    this.remove('policy', scope.policy)
    this.scopes.set(scope.policy, scope)
    this.revisions.delete(scope.organization)
    if (scope.mode === 'off') return
    const others = this.ofOrganization.get(scope.organization) ?? none
    this.ofOrganization.set(scope.organization, [...others, scope])
  }

  remove(_kind: string, id: string): void {
    const scope = this.scopes.get(id)
    if (!scope) return
    const { organization } = scope
    this.scopes.delete(id)
    this.revisions.delete(organization)
    const others = (this.ofOrganization.get(organization) ?? none).filter(({ policy }) => policy !== id)
    if (others.length > 0) this.ofOrganization.set(organization, others)
    else this.ofOrganization.delete(organization)
  }

  all(): policyV1.PolicyScope[] {
    return [...this.scopes.values()]
  }
}
