import { gauge } from '@weir/observability'
import { type RequestFacts, toRuleContext } from '@weir/routing-rules'
import type { AdmittedRoute } from '../admission/admitted-route.js'
import { estimateTokens } from '../inference/usage.js'
import { findPrice, type KnownModel, type KnownProvider } from '../snapshot/catalog-state.js'
import type { FallbackCause, KnownDeployment, Tier } from '../snapshot/known-deployment.js'
import type { InferenceCall } from '../inference/endpoint.js'
import { DeploymentPlan, isForAnyFailure, type PlannedTarget, type TargetRole } from './deployment-plan.js'
import { RetryBudget } from './retry-budget.js'
import { type Candidate, order, TierState } from './strategy.js'
import { TargetState } from './target-state.js'

/** Makes a target's route; undefined: the caller may not use it, or it is not there. */
export type ToRoute = (modelId: string) => AdmittedRoute | undefined

/** What is remembered of a deployment while it stays as it is. */
interface DeploymentState {
  readonly budget: RetryBudget
  readonly tiers: Map<Tier, TierState>
}

/** A deployment may fall back to another one, and that to another. */
const deepestFallback = 3

/** Output that is assumed where a request does not limit it, for comparing costs. */
const assumedOutputTokens = 500

/** Knows how the targets of all deployments do, and makes the plan of each request for one. */
export class Deployments {
  private readonly targets = new Map<string, TargetState>()
  private readonly states = new WeakMap<KnownDeployment, DeploymentState>()

  constructor(
    private readonly find: (id: string) => KnownDeployment | undefined,
    private readonly findRoute: (id: string) => { model: KnownModel; provider: KnownProvider } | undefined,
  ) {}

  /** Once a process. */
  exportMetrics(): void {
    const labels = ['target', 'provider']
    gauge('weir_target_ejected', '1 while a target of deployments is left alone.', labels, (self) => {
      self.reset()
      for (const [key, state] of this.targets) {
        const [id = ''] = key.split('/')
        const route = this.findRoute(id)
        if (!route) continue
        const isEjected = state.healthAt(Date.now()) === 'ejected'
        self.set({ target: route.model.name, provider: route.provider.name }, isEjected ? 1 : 0)
      }
    })
  }

  /** The plan of a request; undefined: it may use none of the targets. */
  plan(
    deployment: KnownDeployment,
    call: InferenceCall,
    toRoute: ToRoute,
    budgetLeftRatio: () => number,
  ): DeploymentPlan | undefined {
    const state = this.stateOf(deployment)
    state.budget.deposit(deployment.retries.budgetRatio)
    const tiers = chooseTiers(deployment, call, budgetLeftRatio)
    const planned = this.orderTiers(deployment, tiers, call, toRoute, 'own')
    this.addFallbacks(deployment, call, toRoute, planned, 1)
    if (planned.length === 0) return undefined
    return new DeploymentPlan(healthyFirst(planned), {
      ...{
        timeoutMs: deployment.timeoutMs,
        hedgeAfterMs: deployment.hedgeAfterMs,
        maxRetries: deployment.retries.max,
        budget: state.budget,
      },
      ...{ deployment, tiers, health: deployment.health, nowMs: Date.now, random: Math.random },
    })
  }

  /** How each target of a deployment does, as this gateway sees it; undefined: it does not know it. */
  healthOf(id: string): object | undefined {
    const deployment = this.find(id)
    if (!deployment) return undefined
    const targets = this.targetsOf(deployment)
    return {
      object: 'deployment.health',
      deployment: deployment.name,
      targets: targets.map(({ model, provider }) => this.describe(model, provider)),
    }
  }

  /** Those of rules and fallbacks too, each once. */
  targetsOf(deployment: KnownDeployment): { model: KnownModel; provider: KnownProvider }[] {
    return [...new Set(targetsOf(deployment))].flatMap((id) => this.findRoute(id) ?? [])
  }

  /** Ids of all models that a request for a deployment may come to, by rules and fallbacks too. */
  modelsOf(deployment: KnownDeployment, depth = 0): string[] {
    const others = depth > deepestFallback ? [] : deployment.fallbacks
    const further = others.flatMap(({ deployment: id }) => {
      const other = id === '' ? undefined : this.find(id)
      return other ? this.modelsOf(other, depth + 1) : []
    })
    return [...new Set([...targetsOf(deployment), ...further])]
  }

  private describe(model: KnownModel, provider: KnownProvider): object {
    const nowMs = Date.now()
    const state = this.targets.get(keyOf(model, provider)) ?? new TargetState()
    const timeOf = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString())
    return {
      ...{ model: model.name, provider: provider.name, state: state.healthAt(nowMs) },
      ejected_until: state.ejectedUntilMs > nowMs ? timeOf(state.ejectedUntilMs) : null,
      ...{ in_flight: state.inFlight, attempts: state.requests, failures: state.failures },
      last_failure: state.lastFailure === '' ? null : state.lastFailure,
      last_failure_at: timeOf(state.lastFailureAtMs),
      first_byte_ms: state.latencyMs === 0 ? null : Math.round(state.latencyMs),
    }
  }

  /** What was seen of a target; made at its first request. */
  stateOfTarget(model: KnownModel, provider: KnownProvider): TargetState {
    const key = keyOf(model, provider)
    let state = this.targets.get(key)
    if (!state) {
      state = new TargetState()
      this.targets.set(key, state)
    }
    return state
  }

  private stateOf(deployment: KnownDeployment): DeploymentState {
    const known = this.states.get(deployment)
    if (known) return known
    const state = { budget: new RetryBudget(), tiers: new Map<Tier, TierState>() }
    this.states.set(deployment, state)
    return state
  }

  private orderTiers(
    deployment: KnownDeployment,
    tiers: readonly Tier[],
    call: InferenceCall,
    toRoute: ToRoute,
    role: TargetRole,
  ): PlannedTarget[] {
    const { tiers: states } = this.stateOf(deployment)
    const stickyKey = stickyKeyOf(deployment, call)
    return tiers.flatMap((tier) => {
      const routes = new Map<Candidate, AdmittedRoute>()
      for (const { model, weight } of tier) {
        const route = toRoute(model)
        if (route) routes.set(this.toCandidate(route, weight, call), route)
      }
      let state = states.get(tier)
      if (!state) states.set(tier, (state = new TierState()))
      const now = Date.now()
      const all = [...routes.keys()]
      // Ejected ones are not given a turn; they come back to it when nobody else can be tried.
      const healthy = all.filter((candidate) => candidate.state.healthAt(now) !== 'ejected')
      const choice = { strategy: deployment.strategy, tier: state, stickyKey, random: Math.random }
      const ordered = order(healthy.length > 0 ? healthy : all, choice)
      const rest = healthy.length > 0 ? all.filter((candidate) => !healthy.includes(candidate)) : []
      return [...ordered, ...rest].flatMap((candidate) => {
        const route = routes.get(candidate)
        return route ? { route, state: candidate.state, roles: [role] } : []
      })
    })
  }

  /** @param via the fallbacks are those of a deployment that is itself one for this cause alone */
  private addFallbacks(
    deployment: KnownDeployment,
    call: InferenceCall,
    toRoute: ToRoute,
    planned: PlannedTarget[],
    depth: number,
    via: FallbackCause = 'any',
  ): void {
    for (const { model, deployment: other, on } of deployment.fallbacks) {
      const role = via === 'any' ? on : via
      const next = other === '' ? undefined : this.find(other)
      const added = next
        ? this.orderTiers(next, next.tiers, call, toRoute, role)
        : this.orderTiers(deployment, model === '' ? [] : [oneTarget(deployment, model)], call, toRoute, role)
      for (const target of added) addTo(planned, target)
      if (next && depth < deepestFallback) this.addFallbacks(next, call, toRoute, planned, depth + 1, role)
    }
  }

  private toCandidate(route: AdmittedRoute, weight: number, call: InferenceCall): Candidate {
    const { model, provider } = route
    return {
      ...{ id: model.id, weight, state: this.stateOfTarget(model, provider) },
      costNanoUsd: () => roughCost(model, call),
    }
  }
}

/** The first rule that matches decides. */
function chooseTiers(
  { rules, tiers }: KnownDeployment,
  call: InferenceCall,
  budgetLeftRatio: () => number,
): readonly Tier[] {
  if (rules.length === 0) return tiers
  const context = toRuleContext(toFacts(call, budgetLeftRatio()))
  return rules.find(({ rule }) => rule.matches(context))?.tiers ?? tiers
}

const oneTargets = new WeakMap<KnownDeployment, Map<string, Tier>>()

/** A fallback to a model is a tier of its own, the same for all requests. */
function oneTarget(deployment: KnownDeployment, model: string): Tier {
  let tiers = oneTargets.get(deployment)
  if (!tiers) oneTargets.set(deployment, (tiers = new Map<string, Tier>()))
  let tier = tiers.get(model)
  if (!tier) tiers.set(model, (tier = [{ model, weight: 1 }]))
  return tier
}

const keyOf = (model: KnownModel, provider: KnownProvider): string => `${model.id}/${provider.credentialId}`

/** A target that is there already keeps its place, and is there for this too. */
function addTo(planned: PlannedTarget[], target: PlannedTarget): void {
  const at = planned.findIndex(({ route }) => route.model.id === target.route.model.id)
  const known = planned[at]
  if (known) planned[at] = { ...known, roles: [...known.roles, ...target.roles] }
  else planned.push(target)
}

/** Whatever was ejected comes after all else, fallbacks included; what probes keeps its place. */
function healthyFirst(planned: readonly PlannedTarget[]): PlannedTarget[] {
  const nowMs = Date.now()
  const isEjected = ({ state }: PlannedTarget): boolean => state.healthAt(nowMs) === 'ejected'
  // A fallback for one cause is never the target of a first attempt.
  const rankOf = (target: PlannedTarget): number => (!isForAnyFailure(target) ? 2 : isEjected(target) ? 1 : 0)
  const ranked = planned.map((target) => ({ target, rank: rankOf(target) }))
  return ranked.sort((left, right) => left.rank - right.rank).map(({ target }) => target)
}

/** Model ids, those of rules and fallbacks too. */
function targetsOf({ tiers, rules, fallbacks }: KnownDeployment): string[] {
  const ofRules = rules.flatMap((rule) => rule.tiers.flat())
  return [...tiers.flat(), ...ofRules, ...fallbacks].map(({ model }) => model).filter((id) => id !== '')
}

/** The application's user decides only which target answers. */
function stickyKeyOf({ sticky }: KnownDeployment, { headers, document }: InferenceCall): string | undefined {
  if (!sticky) return undefined
  const metadata = document['metadata'] as { user_id?: unknown } | null | undefined
  const value =
    sticky.by === 'header' ? headers[sticky.header] : (document['user'] ?? metadata?.user_id ?? undefined)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function toFacts({ document, headers, body }: InferenceCall, budgetLeftRatio: number): RequestFacts {
  const { model, stream, tools, metadata } = document
  const texts = Object.entries(headers).filter(([, value]) => typeof value === 'string')
  const own = typeof metadata === 'object' && metadata !== null ? Object.entries(metadata) : []
  return {
    ...{ model, inputTokens: estimateTokens(body.length), stream: stream === true },
    hasTools: Array.isArray(tools) && tools.length > 0,
    // A rule may ask for any header but those that are secrets.
    headers: Object.fromEntries(texts.filter(([name]) => !secretHeaders.has(name))) as Record<string, string>,
    metadata: Object.fromEntries(own.map(([name, value]) => [name, String(value)])),
    ...{ nowMs: Date.now(), budgetLeftRatio },
  }
}

const secretHeaders = new Set(['authorization', 'x-api-key', 'cookie', 'proxy-authorization'])

function roughCost(model: KnownModel, { body, document, endpoint }: InferenceCall): number {
  const price = model.free ? undefined : findPrice(model, Date.now())
  if (!price) return 0
  const asked = endpoint.output.fields
    .map((field) => document[field])
    .find((value) => typeof value === 'number')
  const outputTokens = typeof asked === 'number' ? asked : assumedOutputTokens
  let cost = 0
  for (const { unit, nanoUsdPerMillion, aboveInputTokens } of price.rates) {
    if (aboveInputTokens > 0n) continue
    if (unit === 'input') cost += Number(nanoUsdPerMillion) * estimateTokens(body.length)
    if (unit === 'output') cost += Number(nanoUsdPerMillion) * outputTokens
  }
  return cost / 1_000_000
}
