import type { identityV1 } from '@weir/contracts'
import { type ModelSet, type TeamRights, toModelSet } from '@weir/rights'
import { RateLimitTable } from '../admission/rate-limits.js'
import { type KnownKey, KnownKeys } from './known-keys.js'

export type { KnownKey } from './known-keys.js'

/** A team as the hot path reads it. */
export interface KnownTeam {
  readonly id: string
  readonly organization: string
  readonly parent: string
  readonly models: ModelSet
}

/** A workload as the hot path reads it. */
export interface KnownWorkload {
  readonly id: string
  /** Workspace id. */
  readonly workspace: string
  readonly models: ModelSet
}

/** A workspace as the hot path reads it. */
export interface KnownWorkspace {
  readonly id: string
  readonly organization: string
  readonly name: string
  readonly cache: { readonly enabled: boolean; readonly ttlS: number }
  /** Contents of requests may be recorded. */
  readonly logsContent: boolean
  /** Days for which the request log keeps requests; 0: for ever. */
  readonly retentionDays: number
}

/** A user whom a JWT may name. */
export interface KnownUser {
  readonly id: string
  readonly organization: string
  readonly disabled: boolean
}

/** A team with its parents, from the top down: who pays, and who has a say. */
export type TeamLine = TeamRights

const maxTeamDepth = 32
const toSet = (selection: identityV1.ModelSelection | undefined): ModelSet =>
  toModelSet(!selection || selection.all ? null : selection.names)

/**
 * Identity's state in memory. Each virtual key remembers the version at which it was read, so that
 * whatever arrives late can never put an older state of it back.
 */
export class IdentityState {
  /** What each resource's requests together may come to. */
  readonly rates = new RateLimitTable()
  /** Teams and keys that may spend only so much, as `team/…` and `key/…`: each has a budget, or will have in a moment. */
  readonly moneyLimits = new Set<string>()
  private readonly keys = new KnownKeys()
  /** Of the few keys that have one. */
  private readonly moneyOfKeys = new Map<string, identityV1.MoneyLimit>()
  private readonly readAt = new Map<string, bigint>()
  /** All but the virtual keys. */
  private readonly resources = new Map<string, identityV1.IdentityResource>()
  private readonly workspaces = new Map<string, KnownWorkspace>()
  private readonly workspacesByName = new Map<string, KnownWorkspace>()
  private readonly users = new Map<string, KnownUser>()
  private readonly identitiesOfUsers = new Map<string, string>()
  /** As `workspace/user`. */
  private readonly members = new Set<string>()
  private readonly teams = new Map<string, KnownTeam>()
  private readonly workloads = new Map<string, KnownWorkload>()
  private readonly teamLines = new Map<string, TeamLine>()

  /** A rotated key's old value finds it until the end of its grace, and not a moment longer. */
  findKey(hash: Buffer): KnownKey | undefined {
    return this.keys.find(hash)
  }

  findWorkspace(id: string): KnownWorkspace | undefined {
    return this.workspaces.get(id)
  }

  /** No name looks like an id. */
  findWorkspaceByName(organization: string, name: string): KnownWorkspace | undefined {
    return this.workspacesByName.get(`${organization}/${name}`)
  }

  findTeam(id: string): KnownTeam | undefined {
    return this.teams.get(id)
  }

  /** `openidIdentity`: issuer and subject, with a space in between. */
  findUser(openidIdentity: string): KnownUser | undefined {
    return this.users.get(openidIdentity)
  }

  isMember(workspace: string, user: string): boolean {
    return this.members.has(`${workspace}/${user}`)
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
    return this.keys.size
  }

  all(): identityV1.IdentityResource[] {
    return [...this.each()]
  }

  /** Everything, one after the other; what is changed meanwhile may be among it or not. */
  *each(): Generator<identityV1.IdentityResource> {
    yield* this.resources.values()
    for (const key of this.keys.all()) {
      const [rates, money] = [this.rates.find('virtual_key', key.id), this.moneyOfKeys.get(key.id)]
      yield { virtualKey: { ...key, ...(rates && { rates }), ...(money && { money }) } }
    }
  }

  /** Applies a resource as it was at `version`, unless a later state of it is known. */
  upsert(resource: identityV1.IdentityResource, version: bigint): void {
    const { virtualKey, team, workload, workspace, user, member } = resource
    const { kind, id } = nameOf(resource)
    if (this.isOlder(kind, id, version)) return
    if (!virtualKey) this.resources.set(`${kind}/${id}`, resource)
    this.rates.upsert(resource)
    if (virtualKey) this.noteMoney(`key/${id}`, virtualKey)
    if (team) this.noteMoney(`team/${id}`, team)
    if (virtualKey) this.upsertKey(virtualKey)
    if (workload) {
      const { workspace, models } = workload
      this.workloads.set(id, { id, workspace, models: toSet(models) })
    }
    if (team) {
      const { organization, parent, models } = team
      this.teams.set(id, { id, organization, parent, models: toSet(models) })
      this.teamLines.clear()
    }
    if (workspace) this.upsertWorkspace(workspace)
    if (user) {
      this.forgetUser(id)
      this.identitiesOfUsers.set(id, user.openidIdentity)
      this.users.set(user.openidIdentity, { id, organization: user.organization, disabled: user.disabled })
    }
    if (member) this.members.add(id)
  }

  remove(kind: string, id: string, version: bigint): void {
    if (this.isOlder(kind, id, version)) return
    this.resources.delete(`${kind}/${id}`)
    this.rates.remove(kind, id)
    this.moneyLimits.delete(`${kind === 'virtual_key' ? 'key' : kind}/${id}`)
    if (kind === 'virtual_key') {
      this.keys.delete(id)
      this.moneyOfKeys.delete(id)
    }
    if (kind === 'workload') this.workloads.delete(id)
    if (kind === 'workspace') this.forgetWorkspace(id)
    if (kind === 'user') this.forgetUser(id)
    if (kind === 'member') this.members.delete(id)
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
    this.keys.set(key)
    if (key.money) this.moneyOfKeys.set(key.id, key.money)
    else this.moneyOfKeys.delete(key.id)
  }

  private upsertWorkspace({ id, organization, name, settings }: identityV1.Workspace): void {
    this.forgetWorkspace(id)
    const workspace: KnownWorkspace = {
      ...{ id, organization, name },
      cache: { enabled: settings?.responseCache ?? false, ttlS: settings?.responseCacheTtlS ?? 0 },
      logsContent: settings?.contentLogging ?? false,
      retentionDays: settings?.retentionDays ?? 0,
    }
    this.workspaces.set(id, workspace)
    this.workspacesByName.set(`${organization}/${name}`, workspace)
  }

  private forgetWorkspace(id: string): void {
    const workspace = this.workspaces.get(id)
    if (!workspace) return
    const name = `${workspace.organization}/${workspace.name}`
    // Another may have taken its name in the same batch.
    if (this.workspacesByName.get(name) === workspace) this.workspacesByName.delete(name)
    this.workspaces.delete(id)
  }

  private forgetUser(id: string): void {
    this.users.delete(this.identitiesOfUsers.get(id) ?? '')
    this.identitiesOfUsers.delete(id)
  }
}

function nameOf(resource: identityV1.IdentityResource): { kind: string; id: string } {
  const { virtualKey, team, workload, workspace, user, member, organization } = resource
  if (virtualKey) return { kind: 'virtual_key', id: virtualKey.id }
  if (team) return { kind: 'team', id: team.id }
  if (workload) return { kind: 'workload', id: workload.id }
  if (workspace) return { kind: 'workspace', id: workspace.id }
  if (user) return { kind: 'user', id: user.id }
  if (member) return { kind: 'member', id: member.id }
  return { kind: 'organization', id: organization?.id ?? '' }
}
