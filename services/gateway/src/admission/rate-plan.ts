import type { identityV1 } from '@weir/contracts'
import type { KnownWhitelistEntry } from '../snapshot/catalog-state.js'
import type { KnownKey, TeamLine } from '../snapshot/identity-state.js'
import type { RateCounter, RateKind } from './rate-counter.js'
import type { RateLeases } from './rate-leases.js'
import type { RateLimitTable } from './rate-limits.js'

/** Who asks for what. */
export interface RatedRoute {
  readonly key: KnownKey
  readonly team: TeamLine
  readonly model: { readonly name: string }
  /** The workspace's own terms for the model; undefined: it has none. */
  readonly entry?: KnownWhitelistEntry | undefined
}

/** Every limit that a request is counted by, as long as nothing changes. */
interface RatePlan {
  readonly table: RateLimitTable
  readonly tableVersion: number
  readonly leasesVersion: number
  readonly team: TeamLine
  readonly entry: KnownWhitelistEntry | undefined
  readonly counters: readonly RateCounter[]
}

/** Models of one key whose limits are kept ready. */
const plansPerKey = 16

const limitsOf: readonly (readonly [RateKind, keyof identityV1.RateLimits])[] = [
  ['requests', 'requestsPerMinute'],
  ['tokens', 'tokensPerMinute'],
  ['input_tokens', 'inputTokensPerMinute'],
  ['output_tokens', 'outputTokensPerMinute'],
  ['parallel_requests', 'parallelRequests'],
]

/** Finds the limits of a request: put together once for a key, not for each request. */
export class RatePlans {
  private readonly plans = new WeakMap<KnownKey, RatePlan[]>()

  constructor(private readonly leases: RateLeases) {}

  find(route: RatedRoute, table: RateLimitTable): readonly RateCounter[] {
    const { key, team, entry } = route
    const plans = this.plans.get(key)
    if (plans) {
      for (const plan of plans) {
        if (
          plan.entry === entry &&
          plan.team === team &&
          plan.table === table &&
          plan.tableVersion === table.version &&
          plan.leasesVersion === this.leases.version
        ) {
          return plan.counters
        }
      }
    }
    return this.make(route, table, plans)
  }

  private make(
    route: RatedRoute,
    table: RateLimitTable,
    plans: RatePlan[] | undefined,
  ): readonly RateCounter[] {
    const { key, team, entry } = route
    const counters = this.countersOf(route, table)
    const versions = { table, tableVersion: table.version, leasesVersion: this.leases.version }
    const plan = { ...versions, team, entry, counters }
    const others = plans?.filter(
      (other) =>
        other.entry !== entry &&
        other.table === table &&
        other.tableVersion === table.version &&
        other.leasesVersion === this.leases.version,
    )
    this.plans.set(key, [plan, ...(others ?? [])].slice(0, plansPerKey))
    return counters
  }

  private countersOf({ key, team, model, entry }: RatedRoute, table: RateLimitTable): RateCounter[] {
    const counters: RateCounter[] = []
    const add = (name: string, scope: string, limits: Partial<identityV1.RateLimits> | undefined): void => {
      if (!limits) return
      for (const [kind, field] of limitsOf) {
        const maximum = limits[field] ?? 0
        if (maximum > 0) counters.push(this.leases.counter(`${name}/${kind}`, scope, kind, maximum))
      }
    }
    const addKnown = (kind: string, id: string, scope: string): void => {
      if (id !== '') add(`${kind}/${id}`, scope, table.find(kind, id))
    }
    addKnown('virtual_key', key.id, `virtual key \`${key.id}\``)
    addKnown('workload', key.workload, `workload \`${key.workload}\``)
    if (entry) {
      const limits = { requestsPerMinute: entry.rpmLimit, tokensPerMinute: entry.tpmLimit }
      add(
        `whitelist_entry/${entry.id}`,
        `model \`${model.name}\` in the workspace \`${key.workspace}\``,
        limits,
      )
    }
    addKnown('workspace', key.workspace, `workspace \`${key.workspace}\``)
    for (const id of team.path.split('/').reverse()) addKnown('team', id, `team \`${id}\``)
    addKnown('organization', key.organization, `organization \`${key.organization}\``)
    return counters
  }
}
