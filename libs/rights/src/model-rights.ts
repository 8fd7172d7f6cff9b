import type { KeyRights } from './key-rights.js'
import { includesModel, type ModelSet } from './model-set.js'
import { type Refusal, refusal } from './refusal.js'
import { limitsTargets } from './scope-rights.js'

/** A team with its parents, from the top down: none may use what one above it may not. */
export interface TeamRights {
  /** `top/middle/team`. */
  readonly path: string
  readonly models: readonly ModelSet[]
}

/** What a model's use depends on. */
export interface ModelFacts {
  readonly name: string
  /** Costs nothing, and needs no price. */
  readonly free: boolean
  /** In the order of their start. */
  readonly prices: readonly { readonly effectiveFromMs: number }[]
}

/** What the use of a provider's models depends on. */
export interface ProviderFacts {
  readonly name: string
  readonly type: string
  /** Workspace id when it serves one workspace only; empty: the organization. */
  readonly workspace: string
  readonly hasCredential: boolean
}

/** A workspace's own terms for a model. */
export interface WhitelistTerms {
  readonly available: boolean
  /** Milliseconds since 1970; 0: from the start. */
  readonly availableFromMs: number
  /** Milliseconds since 1970; 0: for ever. */
  readonly availableUntilMs: number
  /** Requests per minute of the workspace with the model; 0: no limit. */
  readonly rpmLimit: number
  /** Tokens per minute of the workspace with the model; 0: no limit. */
  readonly tpmLimit: number
  /** Output tokens that a request may ask for; 0: no limit. */
  readonly maxOutputTokens: number
}

/** Whose say the use of a model by a virtual key depends on; undefined: there is none of that id. */
export interface Governance {
  key: KeyRights
  workload: { readonly models: ModelSet } | undefined
  team: TeamRights | undefined
}

/** A model as one workspace sees it. */
export interface ModelUse {
  /** As the caller wrote it. */
  name: string
  model: ModelFacts | undefined
  provider: ProviderFacts | undefined
  /** How the provider is called where it is missing. */
  providerId: string
  /** The workspace has a whitelist: without an entry a model may not be used there. */
  isWhitelisted: boolean
  entry: WhitelistTerms | undefined
  /** It is a target of a deployment that may be called: see `limitsTargets`. */
  viaDeployment?: boolean
  nowMs: number
}

/** Why a virtual key may use no model at all: nobody pays, or what it belongs to is gone. */
export function findGovernanceRefusal({ key, workload, team }: Governance): Refusal | undefined {
  if (key.team === '') return refusal('key_not_associated_with_team', { key: key.id })
  if (!team) return refusal('team_not_found', { team: key.team })
  if (key.workload !== '' && !workload) return refusal('workload_not_found', { workload: key.workload })
  return undefined
}

/**
 * The one computation of effective models: whitelist ∩ workload ∩ team and its ancestors ∩ virtual key.
 * Says why a model may not be used; undefined when it may. `findUnreadiness` says whether it can be.
 */
export function findModelRefusal(governance: Governance, use: ModelUse): Refusal | undefined {
  const refused = findGovernanceRefusal(governance)
  if (refused) return refused
  const { workspace } = governance.key
  // What another workspace has for itself alone is, to this one, not there at all.
  const isForeign = use.provider && use.provider.workspace !== '' && use.provider.workspace !== workspace
  if (!use.model || isForeign) return refusal('model_not_found', { model: use.name }, 'model')
  const reason = findReason(governance, use)
  if (reason !== undefined) return refusal('model_not_allowed', { model: use.name, reason }, 'model')
  return use.provider ? undefined : refusal('provider_not_found', { provider: use.providerId }, 'model')
}

/** Why a virtual key cannot call a model that is a target of a deployment which it may call. */
export function findTargetRefusal(governance: Governance, target: ModelUse): Refusal | undefined {
  const use = { ...target, viaDeployment: true }
  return findModelRefusal(governance, use) ?? findUnreadiness(use)
}

/** Why none of a deployment's targets can be called, in the words of the first; undefined when one can. */
export function findTargetsRefusal(
  governance: Governance,
  targets: readonly ModelUse[],
): Refusal | undefined {
  const refusals = targets.map((target) => findTargetRefusal(governance, target))
  return refusals.includes(undefined) ? undefined : refusals[0]
}

/** A provider on premises may be open to its network. */
const worksWithoutCredential = new Set(['openai_compatible', 'sandbox'])

/** Why a model that may be used cannot be: its provider lacks a credential, or it has no price yet. */
export function findUnreadiness({ model, provider, nowMs }: ModelUse): Refusal | undefined {
  if (provider && !worksWithoutCredential.has(provider.type) && !provider.hasCredential) {
    return refusal('provider_key_missing', { provider: provider.name })
  }
  if (model && !model.free && !model.prices.some(({ effectiveFromMs }) => effectiveFromMs <= nowMs)) {
    const reason = 'none of its prices is in force yet, and nothing is called that cannot be accounted for'
    return refusal('unsupported_model', { model: model.name, reason }, 'model')
  }
  return undefined
}

function findReason({ key, workload, team }: Governance, use: ModelUse): string | undefined {
  const { name } = use
  const isKeyAsked = !use.viaDeployment || limitsTargets(key)
  if (isKeyAsked && !includesModel(key.models, name)) return 'it is not among the models of its virtual key'
  if (workload && !includesModel(workload.models, name)) {
    return `it is not among the models of its workload \`${key.workload}\``
  }
  const models = team?.models ?? []
  for (let level = 0; level < models.length; level++) {
    const set = models[level]
    if (set && !includesModel(set, name)) {
      return `it is not among the models of its team \`${team?.path.split('/')[level] ?? key.team}\``
    }
  }
  return use.isWhitelisted ? findWhitelistReason(use) : undefined
}

function findWhitelistReason({ entry, nowMs }: ModelUse): string | undefined {
  if (!entry) return 'it is not among the models of its workspace'
  if (!entry.available) return 'it is switched off in its workspace'
  if (entry.availableFromMs > nowMs) {
    return `it is available in its workspace from ${new Date(entry.availableFromMs).toISOString()}`
  }
  if (entry.availableUntilMs !== 0 && entry.availableUntilMs <= nowMs) {
    return `it was available in its workspace until ${new Date(entry.availableUntilMs).toISOString()}`
  }
  return undefined
}
