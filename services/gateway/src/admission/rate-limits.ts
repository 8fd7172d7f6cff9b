import type { identityV1 } from '@weir/contracts'

type Resource = identityV1.IdentityResource

/** All rate limits, each by what it is of: `team/sales` and the like. */
export class RateLimitTable {
  /** Grows with each change. */
  version = 0
  private readonly limits = new Map<string, identityV1.RateLimits>()

  find(kind: string, id: string): identityV1.RateLimits | undefined {
    return this.limits.get(`${kind}/${id}`)
  }

  upsert({ organization, team, workspace, workload, virtualKey }: Resource): void {
    if (organization) this.set(`organization/${organization.id}`, organization.rates)
    if (team) this.set(`team/${team.id}`, team.rates)
    if (workspace) this.set(`workspace/${workspace.id}`, workspace.rates)
    if (workload) this.set(`workload/${workload.id}`, workload.rates)
    if (virtualKey) this.set(`virtual_key/${virtualKey.id}`, virtualKey.rates)
  }

  remove(kind: string, id: string): void {
    this.set(`${kind}/${id}`, undefined)
  }

  private set(name: string, rates: identityV1.RateLimits | undefined): void {
    if (!rates) {
      if (this.limits.delete(name)) this.version++
      return
    }
    this.limits.set(name, rates)
    this.version++
  }
}
