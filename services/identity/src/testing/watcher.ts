import type { identityV1 } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import type { RunningIdentity } from './running-identity.js'

type Batch = identityV1.WatchIdentityResponse

/** A gateway as far as it keeps identity's state: by the rules that the proto states. */
export class Watcher {
  readonly batches: Batch[] = []
  readonly state = new Map<string, identityV1.IdentityResource>()
  epoch = ''
  version = '0'
  failure: unknown
  private next: Map<string, identityV1.IdentityResource> | undefined
  private readonly stream: ReturnType<RunningIdentity['snapshots']['watchIdentity']>

  constructor(
    identity: RunningIdentity,
    from: { epoch: string; sinceVersion: string } = { epoch: '', sinceVersion: '0' },
  ) {
    this.epoch = from.epoch
    this.version = from.sinceVersion
    this.stream = identity.snapshots.watchIdentity(from)
    this.stream.on('data', (batch: Batch) => this.apply(batch))
    this.stream.on('error', (error) => (this.failure = error))
  }

  private apply(batch: Batch): void {
    this.batches.push(batch)
    if (batch.reset) this.next = new Map()
    const target = this.next ?? this.state
    for (const resource of batch.upserts) target.set(nameOf(resource), resource)
    for (const { kind, id } of batch.removals) target.delete(`${kind} ${id}`)
    if (!batch.synced) return
    if (this.next) {
      this.state.clear()
      for (const [name, resource] of this.next) this.state.set(name, resource)
      this.next = undefined
    }
    this.epoch = batch.epoch
    this.version = batch.version
  }

  get names(): string[] {
    return [...this.state.keys()].sort()
  }

  synced(): Promise<boolean> {
    return waitFor(() => this.batches.some(({ synced }) => synced), {
      what: 'the whole state',
    })
  }

  /** Waits until the state has, or (`absent`) has no longer, a resource. */
  async sees(name: string, options: { absent?: boolean; timeoutMs?: number } = {}): Promise<void> {
    await waitFor(() => this.state.has(name) !== (options.absent ?? false), {
      what: `${name} to be ${options.absent ? 'gone' : 'seen'}`,
      timeoutMs: options.timeoutMs ?? 5_000,
    })
  }

  get<Kind extends 'organization' | 'team' | 'workspace' | 'workload' | 'virtualKey' | 'user' | 'member'>(
    kind: Kind,
    id: string,
  ) {
    const name = `${kind === 'virtualKey' ? 'virtual_key' : kind} ${id}`
    return this.state.get(name)?.[kind]
  }

  stop(): void {
    this.stream.cancel()
  }
}

function nameOf(resource: identityV1.IdentityResource): string {
  const { organization, team, workspace, workload, virtualKey, user, member } = resource
  if (organization) return `organization ${organization.id}`
  if (team) return `team ${team.id}`
  if (workspace) return `workspace ${workspace.id}`
  if (workload) return `workload ${workload.id}`
  if (user) return `user ${user.id}`
  if (member) return `member ${member.id}`
  return `virtual_key ${virtualKey?.id}`
}
