import type { catalogV1 } from '@weir/contracts'
import { compileRule, findRuleMistake, type RoutingRule } from '@weir/routing-rules'

export type Strategy = 'weighted_round_robin' | 'least_latency' | 'least_in_flight' | 'least_cost'

/** For which failures a fallback is there. */
export type FallbackCause = 'any' | 'context_window_exceeded' | 'content_filter'

/** A model that a deployment sends requests to. */
export interface KnownTarget {
  /** Model id. */
  readonly model: string
  /** Its share within its tier; 0: only when the others of the tier fail. */
  readonly weight: number
}

/** Targets of one priority; the tiers are tried in their order. */
export type Tier = readonly KnownTarget[]

/** Where requests go when the targets failed: one of the two ids is set, the other is empty. */
export interface KnownFallback {
  readonly model: string
  readonly deployment: string
  readonly on: FallbackCause
}

/** Sends requests of a kind to targets of their own. */
export interface KnownRule {
  readonly rule: RoutingRule
  readonly tiers: readonly Tier[]
}

/** A runtime plugin with its settings. */
export interface KnownPlugin {
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
}

/** A deployment as the hot path reads it. */
export interface KnownDeployment {
  readonly id: string
  readonly organization: string
  readonly workspace: string
  /** The alias. */
  readonly name: string
  readonly strategy: Strategy
  readonly tiers: readonly Tier[]
  readonly fallbacks: readonly KnownFallback[]
  readonly rules: readonly KnownRule[]
  /** Further attempts for each target, and the share of the requests that retries may be. */
  readonly retries: { readonly max: number; readonly budgetRatio: number }
  /** Up to an attempt's first byte; 0: as the gateway is set. */
  readonly timeoutMs: number
  /** 0: never. */
  readonly hedgeAfterMs: number
  /** Undefined: each request chooses anew. */
  readonly sticky: { readonly by: 'header' | 'user'; readonly header: string } | undefined
  /** Undefined: as the workspace is set; ttlS 0: for as long as the workspace says. */
  readonly cache: { readonly enabled: boolean; readonly ttlS: number } | undefined
  readonly joinIdentical: boolean
  /** In the order in which they run. */
  readonly plugins: readonly KnownPlugin[]
  /** checkIntervalMs 0: no active checks. */
  readonly health: {
    readonly consecutiveFailures: number
    readonly ejectMs: number
    readonly checkIntervalMs: number
  }
  /** Seconds since 1970. */
  readonly created: number
}

export function toKnownDeployment(deployment: catalogV1.Deployment): KnownDeployment {
  const { id, organization, workspace, name, timeoutMs, hedgeAfterMs, joinIdentical } = deployment
  const { sticky, cache, retries, health } = deployment
  return {
    ...{ id, organization, workspace, name, timeoutMs, hedgeAfterMs, joinIdentical },
    strategy: deployment.strategy as Strategy,
    tiers: toTiers(deployment.targets),
    fallbacks: deployment.fallbacks.map(({ model, deployment: other, on }) => ({
      ...{ model, deployment: other },
      on: on as FallbackCause,
    })),
    // A rule of a catalog that knows more than this gateway does not match; it was checked when it was saved.
    rules: deployment.rules
      .filter(({ when }) => findRuleMistake(when) === undefined)
      .map(({ when, targets }) => ({ rule: compileRule(when), tiers: toTiers(targets) })),
    retries: { max: retries?.max ?? 0, budgetRatio: retries?.budgetRatio ?? 0 },
    sticky: sticky && { by: sticky.by as 'header' | 'user', header: sticky.header },
    cache: cache && { enabled: cache.enabled, ttlS: cache.ttlS },
    plugins: deployment.plugins.map(({ name: plugin, settingsJson }) => ({
      name: plugin,
      settings: JSON.parse(settingsJson) as Record<string, unknown>,
    })),
    health: {
      consecutiveFailures: health?.consecutiveFailures ?? 0,
      ejectMs: health?.ejectMs ?? 0,
      checkIntervalMs: health?.checkIntervalMs ?? 0,
    },
    created: Number(deployment.created),
  }
}

function toTiers(targets: readonly catalogV1.DeploymentTarget[]): Tier[] {
  const tiers = Map.groupBy(targets, ({ priority }) => priority)
  return [...tiers]
    .sort(([left], [right]) => left - right)
    .map(([, tier]) => tier.map(({ model, weight }) => ({ model, weight })))
}
