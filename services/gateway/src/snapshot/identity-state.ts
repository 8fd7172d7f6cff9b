import type { identityV1 } from '@weir/contracts'
import type { ModelSet } from '@weir/rights'

/** A virtual key as the hot path reads it. */
export interface KnownKey {
  readonly id: string
  readonly organization: string
  readonly workspace: string
  readonly workload: string
  readonly team: string
  readonly type: string
  readonly disabled: boolean
  /** Milliseconds since 1970; 0: never. */
  readonly expiresAtMs: number
  readonly models: ModelSet
  /** Empty: all. */
  readonly endpoints: readonly string[]
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
export interface TeamLine {
  /** `top/middle/team`. */
  readonly path: string
  readonly models: readonly ModelSet[]
}

const noNames: ReadonlySet<string> = new Set()
const allModels: ModelSet = { all: true, names: noNames }
const maxTeamDepth = 32

function toModelSet(selection: identityV1.ModelSelection | undefined): ModelSet {
  if (!selection || selection.all) return allModels
  return { all: false, names: new Set(selection.names) }
}

/** A hash as a map key: 32 characters of one byte each. */
export const hashKey = (hash: Buffer): string => hash.toString('latin1')

/**
 * Identity's state in memory. Each virtual key remembers the version at which it was read, so that
 * whatever arrives late can never put an older state of it back.
 */
export class IdentityState {
  private readonly keysByHash = new Map<string, KnownKey>()
  private readonly hashesById = new Map<string, string>()
  private readonly readAt = new Map<string, bigint>()
  private readonly resources = new Map<string, identityV1.IdentityResource>()
  private readonly teams = new Map<string, KnownTeam>()
  private readonly workloads = new Map<string, KnownWorkload>()
  private readonly teamLines = new Map<string, TeamLine>()

  findKey(hash: Buffer): KnownKey | undefined {
    return this.keysByHash.get(hashKey(hash))
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
    return this.keysByHash.size
  }

  /** Everything, to be written to disk. */
  all(): identityV1.IdentityResource[] {
    return [...this.resources.values()]
  }

  /** Applies a resource as it was at `version`, unless a later state of it is known. */
  upsert(resource: identityV1.IdentityResource, version: bigint): void {
    const { virtualKey, team, workload, workspace } = resource
    const id = virtualKey?.id ?? team?.id ?? workload?.id ?? workspace?.id ?? ''
    const kind = virtualKey ? 'virtual_key' : team ? 'team' : workload ? 'workload' : 'workspace'
    if (this.isOlder(kind, id, version)) return
    this.resources.set(`${kind}/${id}`, resource)
    if (virtualKey) this.upsertKey(virtualKey)
    if (workload) this.workloads.set(workload.id, { id: workload.id, models: toModelSet(workload.models) })
    if (team) {
      this.teams.set(team.id, { id: team.id, parent: team.parent, models: toModelSet(team.models) })
      this.teamLines.clear()
    }
  }

  remove(kind: string, id: string, version: bigint): void {
    if (this.isOlder(kind, id, version)) return
    this.resources.delete(`${kind}/${id}`)
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
    const { virtualKey, team, workload } = resource
    if (virtualKey) this.readAt.set(`virtual_key/${virtualKey.id}`, version)
    if (team) this.readAt.set(`team/${team.id}`, version)
    if (workload) this.readAt.set(`workload/${workload.id}`, version)
  }

  private isOlder(kind: string, id: string, version: bigint): boolean {
    return this.readAt.size > 0 && version < (this.readAt.get(`${kind}/${id}`) ?? 0n)
  }

  private upsertKey(key: identityV1.VirtualKey): void {
    const hash = hashKey(key.hash)
    // A rotated key has a new hash: the old one must not stay.
    if (this.hashesById.get(key.id) !== hash) this.forgetKey(key.id)
    this.hashesById.set(key.id, hash)
    this.keysByHash.set(hash, {
      id: key.id,
      organization: key.organization,
      workspace: key.workspace,
      workload: key.workload,
      team: key.team,
      type: key.type,
      disabled: key.disabled,
      expiresAtMs: Number(key.expiresAtMs),
      models: toModelSet(key.models),
      endpoints: key.endpoints,
    })
  }

  private forgetKey(id: string): void {
    const hash = this.hashesById.get(id)
    if (hash !== undefined) this.keysByHash.delete(hash)
    this.hashesById.delete(id)
  }
}
