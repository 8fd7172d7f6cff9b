import { Injectable } from '@nestjs/common'
import type { policyV1 } from '@weir/contracts'
import type { FeedBatch } from '@weir/database'
import type { Subscription } from 'rxjs'
import type { Policy } from '../policy/policy.entity.js'
import { PolicyFeed } from '../policy/policy-feed.js'
import { covers } from './scope.js'

/** By organization, then by id. */
type Policies = Map<string, Map<string, Policy>>

/** All policies in memory, kept current by the service's own change feed; so replicas agree. */
@Injectable()
export class PolicyBook {
  /** Undefined: they were not read yet. */
  private policies: Policies | undefined
  private filling: Policies | undefined
  private readonly organizationOf = new Map<string, string>()
  private subscription: Subscription | undefined

  constructor(private readonly feed: PolicyFeed) {}

  start(): void {
    this.feed.start()
    const from = { epoch: '', sinceVersion: '0' }
    this.subscription = this.feed.watch(from).subscribe((batch) => this.apply(batch))
  }

  /** Ends the gateways' watches too. */
  async close(): Promise<void> {
    this.subscription?.unsubscribe()
    await this.feed.close()
  }

  /** The policies that judge a content, in the order of their ids; undefined: they were not read yet. */
  covering(request: policyV1.EvaluateRequest): Policy[] | undefined {
    if (!this.policies) return undefined
    const policies = this.policies.get(request.organization)
    if (!policies) return []
    return [...policies.values()]
      .filter((policy) => covers(policy, request))
      .sort((left, right) => (left.id < right.id ? -1 : 1))
  }

  private apply({ reset, synced, upserts, removals }: FeedBatch<Policy>): void {
    if (reset) this.filling = new Map()
    const target = this.filling ?? this.policies ?? (new Map() as Policies)
    for (const policy of upserts) {
      const ofOrganization = target.get(policy.organization) ?? new Map<string, Policy>()
      target.set(policy.organization, ofOrganization.set(policy.id, policy))
      this.organizationOf.set(policy.id, policy.organization)
    }
    for (const { id } of removals) {
      target.get(this.organizationOf.get(id) ?? '')?.delete(id)
      this.organizationOf.delete(id)
    }
    if (!synced || !this.filling) return
    this.policies = this.filling
    this.filling = undefined
  }
}
