import type { KnownModel, KnownProvider } from '../snapshot/catalog-state.js'
import type { KnownDeployment, Tier } from '../snapshot/known-deployment.js'
import { digestOf, toCanonicalJson } from './canonical.js'

/** What an answer belongs to, beside the request: nothing is ever found across any of these. */
export interface CacheScope {
  readonly organization: string
  readonly workspace: string
  /** Another one after each change of a policy. */
  readonly policyVersion: string
  readonly endpoint: string
  /** All that decides who answers; see targetIdentity. */
  readonly target: string
  /** What the caller asks for beside the document: betas of Anthropic. */
  readonly betas: string
}

/** Fields that say who asks, or how the answer is carried, but not what is asked. */
const unheard = new Set([
  'stream',
  'user',
  'metadata',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
])

/** Fields whose request depends on, or leaves, something at the provider. */
const stateful = [
  'previous_response_id',
  'conversation',
  'background',
  'container',
  'mcp_servers',
  'web_search_options',
]

/** Tools that the application runs itself; the others look at the world while they answer. */
const ownTool = /^(function|custom|bash_\d+|text_editor_\d+|computer_\d+|memory_\d+)$/

/** Whether an answer may be given again: it depends on nothing but the request. */
export function isCacheable(document: Readonly<Record<string, unknown>>): boolean {
  if (stateful.some((field) => isGiven(document[field])) || document['store'] === true) return false
  const { tools } = document
  return !Array.isArray(tools) || tools.every(isOwnTool)
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== false

function isOwnTool(tool: unknown): boolean {
  const type = (tool as { type?: unknown } | null)?.type
  return type === undefined || (typeof type === 'string' && ownTool.test(type))
}

/**
 * The key of an answer: a full SHA-256, so that no two requests share one. A streamed answer and a
 * whole one have keys of their own: each is given again as it was.
 * @param documents what the caller sent and, where plugins changed it, what was made of it
 */
export function cacheKeyOf(scope: CacheScope, ...documents: Readonly<Record<string, unknown>>[]): string {
  const { organization, workspace, policyVersion, endpoint, target, betas } = scope
  const form = documents[0]?.['stream'] === true ? 'stream' : 'whole'
  return digestOf(
    ...[organization, workspace, policyVersion, endpoint, target, betas, form],
    ...documents.map((document) => toCanonicalJson(heardOf(document))),
  )
}

const heardOf = (document: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(document).filter(([name]) => !unheard.has(name)))

/** Whom a request may reach. */
export interface CachedTarget {
  readonly model: Pick<KnownModel, 'id' | 'version' | 'providerModel' | 'parameters'>
  readonly provider: Pick<KnownProvider, 'id' | 'type' | 'baseUrl' | 'apiVersion' | 'region'>
}

/**
 * All that has a say in what is answered, beside the request: the targets that it may reach, whichever
 * of a tier is first, and the plugins on its way. The same on every gateway.
 * @param tiers those that the request's rule has chosen
 */
export function targetIdentity(
  deployment: Pick<KnownDeployment, 'id' | 'plugins'> | undefined,
  targets: readonly CachedTarget[],
  tiers: readonly Tier[] = [],
): string {
  const identities = targets.map(({ model, provider }) => {
    const { id, version, providerModel, parameters } = model
    const { id: providerId, type, baseUrl, apiVersion, region } = provider
    const names = [id, String(version), providerModel, providerId, type, baseUrl, apiVersion, region]
    return JSON.stringify([names, toCanonicalJson(parameters ?? null)])
  })
  const order = tiers.map((tier) => tier.map(({ model, weight }) => `${weight > 0 ? 1 : 0} ${model}`).sort())
  const plugins = toCanonicalJson(deployment?.plugins ?? [])
  return JSON.stringify([deployment?.id ?? '', plugins, identities.sort(), order])
}
