import { type Refusal, refusal } from './refusal.js'
import type { ModelSet } from './model-set.js'
import type { SourceNetworks } from './source-networks.js'

/** What a virtual key says of itself. */
export interface KeyRights {
  readonly id: string
  /** llm, management or default (both). */
  readonly type: string
  readonly disabled: boolean
  /** Milliseconds since 1970; 0: never. */
  readonly expiresAtMs: number
  /** Workspace id. */
  readonly workspace: string
  /** Workload id; empty: none. */
  readonly workload: string
  /** Team id; empty: none. */
  readonly team: string
  readonly models: ModelSet
  /** Empty: all. */
  readonly endpoints: readonly string[]
  /** Names of the deployments that it may call; undefined: all of its workspace. */
  readonly deployments?: ReadonlySet<string> | undefined
  /**
   * Names of the repositories that it may call; undefined: all of its workspace. A key that has some
   * works below them alone, one with an empty set below none.
   */
  readonly repositories?: ReadonlySet<string> | undefined
  /** Where it may be used from; undefined: anywhere. */
  readonly sources: SourceNetworks | undefined
}

/** What a virtual key is used for. */
export interface KeyUse {
  /** chat, embeddings, …; `models` (the list of models) is open to every key that calls models. */
  endpoint: string
  /** How the caller wrote it, for the message. */
  path: string
  /** IP address of the caller; null: it is not looked at, since nobody calls now. */
  source: string | null
  nowMs: number
}

/** Why a virtual key is refused before it is known what is called; undefined when nothing speaks against it. */
export function findKeyRefusal(key: KeyRights, use: KeyUse): Refusal | undefined {
  if (key.disabled) return refusal('key_disabled', { key: key.id })
  if (key.expiresAtMs !== 0 && key.expiresAtMs <= use.nowMs) {
    return refusal('key_expired', { expiresAt: new Date(key.expiresAtMs).toISOString() })
  }
  if (key.sources && use.source !== null && !key.sources.includes(use.source)) {
    return refusal('source_not_allowed', { address: use.source || '(unknown)', key: key.id })
  }
  if (key.type === 'management') {
    const reason = 'it is of type management; inference takes a key of type llm or default'
    return refusal('endpoint_not_allowed', { endpoint: use.path, reason })
  }
  if (use.endpoint !== 'models' && key.endpoints.length > 0 && !key.endpoints.includes(use.endpoint)) {
    const reason = `its endpoints are ${key.endpoints.join(', ')}`
    return refusal('endpoint_not_allowed', { endpoint: use.path, reason })
  }
  return undefined
}
