import type { identityV1 } from '@weir/contracts'
import {
  type KeyRights,
  type ModelSet,
  type SourceNetworks,
  toModelSet,
  toSourceNetworks,
} from '@weir/rights'

/** A virtual key as the hot path reads it. */
export interface KnownKey extends KeyRights {
  readonly organization: string
  /** Until when the value that found it works, milliseconds since 1970; 0: as long as the key. */
  readonly valueUntilMs: number
  /** The period in which its use was last noted; 0: none. See KeyUses. */
  usedIn: number
}

/** What is kept of a virtual key. There may be a million: known-keys.spec.ts holds what one takes. */
class StoredKey implements KnownKey {
  usedIn = 0

  constructor(
    readonly id: string,
    readonly organization: string,
    readonly workspace: string,
    readonly workload: string,
    readonly team: string,
    readonly type: string,
    readonly disabled: boolean,
    readonly expiresAtMs: number,
    readonly models: ModelSet,
    readonly endpoints: readonly string[],
    readonly sources: SourceNetworks | undefined,
    /** `sources` as they are written. */
    readonly sourceNetworks: readonly string[],
    /** By which it is found. */
    readonly hash: string,
    readonly valueUntilMs: number,
    readonly deployments: ReadonlySet<string> | undefined,
    readonly repositories: ReadonlySet<string> | undefined,
  ) {}
}

/** A hash as a map key: 32 characters of one byte each. */
export const hashKey = (hash: Buffer): string => hash.toString('latin1')

const noTexts: readonly string[] = Object.freeze([])

/** Beyond so many nothing is gained by sharing, and the values that have gone out of use shall go. */
const mostShared = 100_000

/** The virtual keys, by hash and by id. */
export class KnownKeys {
  private readonly byHash = new Map<string, StoredKey>()
  private readonly byId = new Map<string, StoredKey>()
  /** Of the few keys whose value before the last rotation works too. */
  private readonly previousById = new Map<string, StoredKey>()
  /** What many keys have in common, kept once. */
  private readonly words = new Map<string, string>()
  private readonly lists = new Map<string, readonly string[]>()
  private readonly modelSets = new Map<string, ModelSet>()
  private readonly nameSets = new Map<string, ReadonlySet<string>>()

  /** Ids, not values: a rotated key counts once. */
  get size(): number {
    return this.byId.size
  }

  /** A rotated key's old value finds it until the end of its grace, and not a moment longer. */
  find(hash: Buffer): KnownKey | undefined {
    const key = this.byHash.get(hashKey(hash))
    return key && key.valueUntilMs !== 0 && key.valueUntilMs <= Date.now() ? undefined : key
  }

  set(key: identityV1.VirtualKey): void {
    // A rotated key has a new hash: the old one must not stay.
    this.delete(key.id)
    const stored = this.store(key, hashKey(key.hash), 0)
    this.byId.set(stored.id, stored)
    this.byHash.set(stored.hash, stored)
    const valueUntilMs = Number(key.previousUntilMs ?? 0)
    if (!key.previousHash || valueUntilMs <= Date.now()) return
    const previous = this.store(key, hashKey(key.previousHash), valueUntilMs)
    this.previousById.set(stored.id, previous)
    this.byHash.set(previous.hash, previous)
  }

  delete(id: string): void {
    for (const keys of [this.byId, this.previousById]) {
      const key = keys.get(id)
      if (key === undefined) continue
      this.byHash.delete(key.hash)
      keys.delete(id)
    }
  }

  /** All of them as identity would send them, but for their names, which nobody here asks for. */
  *all(): Generator<identityV1.VirtualKey> {
    for (const key of this.byId.values()) {
      const previous = this.previousById.get(key.id)
      yield {
        ...{ id: key.id, organization: key.organization, name: '', type: key.type, disabled: key.disabled },
        ...{ workspace: key.workspace, workload: key.workload, team: key.team },
        hash: Buffer.from(key.hash, 'latin1'),
        expiresAtMs: String(key.expiresAtMs),
        models: { all: key.models.all, names: [...key.models.names] },
        endpoints: [...key.endpoints],
        sourceNetworks: [...key.sourceNetworks],
        ...(key.deployments && { deployments: { names: [...key.deployments] } }),
        ...(key.repositories && { repositories: { names: [...key.repositories] } }),
        ...(previous && {
          previousHash: Buffer.from(previous.hash, 'latin1'),
          previousUntilMs: String(previous.valueUntilMs),
        }),
      }
    }
  }

  private store(key: identityV1.VirtualKey, hash: string, valueUntilMs: number): StoredKey {
    const networks = this.list(key.sourceNetworks)
    return new StoredKey(
      key.id,
      this.word(key.organization),
      this.word(key.workspace),
      this.word(key.workload),
      this.word(key.team),
      this.word(key.type),
      key.disabled,
      Number(key.expiresAtMs),
      this.models(key.models),
      this.list(key.endpoints),
      networks.length > 0 ? toSourceNetworks(networks) : undefined,
      networks,
      hash,
      valueUntilMs,
      this.nameSet(key.deployments),
      this.nameSet(key.repositories),
    )
  }

  private word(word: string): string {
    return word === '' ? '' : share(this.words, word, () => word)
  }

  private list(texts: readonly string[]): readonly string[] {
    return texts.length === 0 ? noTexts : share(this.lists, texts.join('\n'), () => texts)
  }

  private nameSet(selection: identityV1.NameSelection | undefined): ReadonlySet<string> | undefined {
    return selection && share(this.nameSets, selection.names.join('\n'), () => new Set(selection.names))
  }

  private models(selection: identityV1.ModelSelection | undefined): ModelSet {
    if (!selection || selection.all) return toModelSet(null)
    return share(this.modelSets, selection.names.join('\n'), () => toModelSet(selection.names))
  }
}

function share<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size >= mostShared) known.clear()
  const value = make()
  known.set(key, value)
  return value
}
