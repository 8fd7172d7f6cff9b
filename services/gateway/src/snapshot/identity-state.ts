import type { identityV1 } from '@weir/contracts'
import { type KeyRights, type ModelSet, type TeamRights, toModelSet, toSourceNetworks } from '@weir/rights'
import { RateLimitTable } from '../admission/rate-limits.js'

/** A virtual key as the hot path reads it. */
export interface KnownKey extends KeyRights {
  readonly organization: string
  /** Until when the value that found it works, milliseconds since 1970; 0: as long as the key. */
  readonly valueUntilMs: number
  /** The period in which its use was last noted; 0: none. See KeyUses. */
  usedIn: number
}

/** A team as the hot path reads it. */
export interface KnownTeam {
  readonly id: string
  readonly parent: string
  readonly models: ModelSet
}

/** A workload as the hot path reads it. */
export interface KnownWorkload {
  readonly id: string
  readonly models: ModelSet
}

/** A team with its parents, from the top down: who pays, and who has a say. */
export type TeamLine = TeamRights

const maxTeamDepth = 32
const noTexts: string[] = []
const everyModel: identityV1.ModelSelection = { all: true, names: noTexts }
const sharedFields = ['organization', 'workspace', 'workload', 'team', 'type'] as const

const toSet = (selection: identityV1.ModelSelection | undefined): ModelSet =>
  toModelSet(!selection || selection.all ? null : selection.names)

/** A hash as a map key: 32 characters of one byte each. */
export const hashKey = (hash: Buffer): string => hash.toString('latin1')

/**
 * Identity's state in memory. Each virtual key remembers the version at which it was read, so that
 * whatever arrives late can never put an older state of it back.
 */
export class IdentityState {
  /** What each resource's requests together may come to. */
  readonly rates = new RateLimitTable()
  /** Teams and keys that may spend only so much, as `team/…` and `key/…`: each has a budget, or will have in a moment. */
  readonly moneyLimits = new Set<string>()
  /** Ids that many keys name. */
  private readonly words = new Map<string, string>()
  private readonly keysByHash = new Map<string, KnownKey>()
  private readonly hashesById = new Map<string, string>()
  /** Of the few keys whose value before the last rotation works too. */
  private readonly previousHashesById = new Map<string, string>()
  private readonly readAt = new Map<string, bigint>()
  private readonly resources = new Map<string, identityV1.IdentityResource>()
  private readonly teams = new Map<string, KnownTeam>()
  private readonly workloads = new Map<string, KnownWorkload>()
  private readonly teamLines = new Map<string, TeamLine>()

  /** A rotated key's old value finds it until the end of its grace, and not a moment longer. */
  findKey(hash: Buffer): KnownKey | undefined {
    const key = this.keysByHash.get(hashKey(hash))
    return key && key.valueUntilMs !== 0 && key.valueUntilMs <= Date.now() ? undefined : key
  }

  findWorkload(id: string): KnownWorkload | undefined {
    return this.workloads.get(id)
  }

  /** The line of a team; undefined when the team, or one above it, is not there. */
  findTeamLine(id: string): TeamLine | undefined {
    const known = this.teamLines.get(id)
    if (known) return known
    const line: KnownTeam[] = []
    for (let next = id; next !== '';) {
      const team = this.teams.get(next)
      if (!team || line.length === maxTeamDepth) return undefined
      line.unshift(team)
      next = team.parent
    }
    const teamLine = { path: line.map((team) => team.id).join('/'), models: line.map((team) => team.models) }
    this.teamLines.set(id, teamLine)
    return teamLine
  }

  get keyCount(): number {
    return this.hashesById.size
  }

  /** Everything, to be written to disk. */
  all(): identityV1.IdentityResource[] {
    return [...this.resources.values()]
  }

  /** Applies a resource as it was at `version`, unless a later state of it is known. */
  upsert(resource: identityV1.IdentityResource, version: bigint): void {
    const { virtualKey, team, workload } = resource
    const { kind, id } = nameOf(resource)
    if (this.isOlder(kind, id, version)) return
    this.resources.set(`${kind}/${id}`, resource)
    this.rates.upsert(resource)
    if (virtualKey) this.noteMoney(`key/${id}`, virtualKey)
    if (team) this.noteMoney(`team/${id}`, team)
    if (virtualKey) this.upsertKey(virtualKey)
    if (workload) this.workloads.set(workload.id, { id: workload.id, models: toSet(workload.models) })
    if (team) {
      this.teams.set(team.id, { id: team.id, parent: team.parent, models: toSet(team.models) })
      this.teamLines.clear()
    }
  }

  remove(kind: string, id: string, version: bigint): void {
    if (this.isOlder(kind, id, version)) return
    this.resources.delete(`${kind}/${id}`)
    this.rates.remove(kind, id)
    this.moneyLimits.delete(`${kind === 'virtual_key' ? 'key' : kind}/${id}`)
    if (kind === 'virtual_key') this.forgetKey(id)
    if (kind === 'workload') this.workloads.delete(id)
    if (kind === 'team') {
      this.teams.delete(id)
      this.teamLines.clear()
    }
  }

  /** Versions that the stream itself has passed need no memory: nothing older can come any more. */
  forgetVersionsUpTo(version: bigint): void {
    for (const [key, readAt] of this.readAt) if (readAt <= version) this.readAt.delete(key)
  }

  /** Remembers that a resource was read ahead of the stream. */
  markReadAt(resource: identityV1.IdentityResource, version: bigint): void {
    const { kind, id } = nameOf(resource)
    this.readAt.set(`${kind}/${id}`, version)
  }

  private isOlder(kind: string, id: string, version: bigint): boolean {
    return this.readAt.size > 0 && version < (this.readAt.get(`${kind}/${id}`) ?? 0n)
  }

  private noteMoney(key: string, { money }: identityV1.Team | identityV1.VirtualKey): void {
    if (money) this.moneyLimits.add(key)
    else this.moneyLimits.delete(key)
  }

  private upsertKey(key: identityV1.VirtualKey): void {
    this.share(key)
    // A rotated key has a new hash: the old one must not stay.
    this.forgetKey(key.id)
    const known: KnownKey = {
      id: key.id,
      organization: key.organization,
      workspace: key.workspace,
      workload: key.workload,
      team: key.team,
      type: key.type,
      disabled: key.disabled,
      expiresAtMs: Number(key.expiresAtMs),
      models: toSet(key.models),
      endpoints: key.endpoints,
      sources: key.sourceNetworks.length > 0 ? toSourceNetworks(key.sourceNetworks) : undefined,
      valueUntilMs: 0,
      usedIn: 0,
    }
    const hash = hashKey(key.hash)
    this.hashesById.set(key.id, hash)
    this.keysByHash.set(hash, known)
    const valueUntilMs = Number(key.previousUntilMs ?? 0)
    if (!key.previousHash || valueUntilMs <= Date.now()) return
    const previous = hashKey(key.previousHash)
    this.previousHashesById.set(key.id, previous)
    this.keysByHash.set(previous, { ...known, valueUntilMs })
  }

  /** There may be a million keys, and each would keep the same few words and empty lists of its own. */
  private share(key: identityV1.VirtualKey): void {
    if (key.endpoints.length === 0) key.endpoints = noTexts
    if (key.sourceNetworks.length === 0) key.sourceNetworks = noTexts
    if (key.models?.all) key.models = everyModel
    for (const field of sharedFields) key[field] = this.words.get(key[field]) ?? this.remember(key[field])
  }

  private remember(word: string): string {
    this.words.set(word, word)
    return word
  }

  private forgetKey(id: string): void {
    for (const hashes of [this.hashesById, this.previousHashesById]) {
      const hash = hashes.get(id)
      if (hash === undefined) continue
      this.keysByHash.delete(hash)
      hashes.delete(id)
    }
  }
}

function nameOf(resource: identityV1.IdentityResource): { kind: string; id: string } {
  const { virtualKey, team, workload, workspace, organization } = resource
  if (virtualKey) return { kind: 'virtual_key', id: virtualKey.id }
  if (team) return { kind: 'team', id: team.id }
  if (workload) return { kind: 'workload', id: workload.id }
  if (workspace) return { kind: 'workspace', id: workspace.id }
  return { kind: 'organization', id: organization?.id ?? '' }
}
