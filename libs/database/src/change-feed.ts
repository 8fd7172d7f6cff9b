import { asService } from '@weir/audit'
import { EventEmitter, once } from 'node:events'
import { Observable, type Subscriber } from 'rxjs'
import type { DataSource, EntityManager } from 'typeorm'
import { ChangeListener } from './change-listener.js'

const pollMs = 1_000
const heartbeatMs = 2_000
const keptChanges = 100_000
const pageSize = 2_000
/** Well below what a gRPC client takes in one message. */
const maxBatchBytes = 4 * 1024 * 1024

/** A batch for one watcher; see WatchIdentityResponse in proto/weir/identity/v1/snapshot.proto. */
export interface FeedBatch<Resource> {
  epoch: string
  version: string
  reset: boolean
  synced: boolean
  upserts: Resource[]
  removals: { kind: string; id: string }[]
}

/** How the resources of one kind are read. */
export interface FeedKind<Resource> {
  kind: string
  /** The resources with these ids; those that are gone are left out. */
  byIds: (manager: EntityManager, ids: string[]) => Promise<{ id: string; resource: Resource }[]>
  /** All of them, a page at a time, in the order of ids. */
  page: (
    manager: EntityManager,
    afterId: string | undefined,
    limit: number,
  ) => Promise<{ id: string; resource: Resource }[]>
}

/** Where the state of a service stands. */
export interface Head {
  epoch: string
  version: string
  pruned_version: string
}

/** Where a watcher stands. */
interface Position {
  epoch: string
  version: bigint
}

type Say<Resource> = (batch: FeedBatch<Resource>) => Promise<void>

/**
 * The epoch names the database and its timeline: a server that was promoted or restored to a point
 * in time may count versions again that the lost one had counted.
 */
const headSql = `
  SELECT epoch || '.' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS epoch, version, pruned_version
  FROM change_head`

/**
 * Streams a service's state to watchers: whole at first, then each change, in the order of
 * versions. Resources are sent as they are now, not as they were at the change, so that applying a
 * batch twice, or skipping to a later one, ends in the same state.
 */
export class ChangeFeed<Resource> {
  private readonly heads = new EventEmitter().setMaxListeners(0)
  private readonly listener: ChangeListener
  private head: Head | undefined
  private headReadAt = 0
  private closed = false
  private timer: NodeJS.Timeout | undefined
  private refreshing: Promise<void> | undefined
  private refreshAgain = false

  constructor(
    private readonly dataSource: DataSource,
    private readonly kinds: FeedKind<Resource>[],
    private readonly onError: (error: unknown) => void,
    /** About how many bytes a resource has on the wire. */
    private readonly sizeOf: (resource: Resource) => number = () => 0,
  ) {
    const { url, schema } = dataSource.options as { url?: string; schema?: string }
    this.listener = new ChangeListener({ url, channel: `${schema}_change` }, () => void this.refresh())
  }

  start(): void {
    const poll = () => {
      void this.refresh().finally(() => {
        if (!this.closed) this.timer = setTimeout(poll, pollMs)
      })
    }
    poll()
  }

  /** Ends every watch. */
  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.timer)
    this.heads.emit('head')
    await this.listener.close()
    await this.refreshing
  }

  /**
   * What a watcher that has `sinceVersion` of `epoch` must hear, until it unsubscribes. `pace`
   * resolves when the watcher can take more, so that a million resources never wait in memory.
   */
  watch(
    from: { epoch: string; sinceVersion: string },
    options: { pace?: () => Promise<void> } = {},
  ): Observable<FeedBatch<Resource>> {
    return new Observable((subscriber) => {
      void asService('change-feed', () => this.serve(from, subscriber, options.pace)).catch(
        (error: unknown) => subscriber.error(error),
      )
    })
  }

  /** Reads all organizations in one snapshot of the database, with the head as it is in that snapshot. */
  inSnapshot<T>(work: (manager: EntityManager, head: Head) => Promise<T>): Promise<T> {
    return asService('change-feed', () =>
      this.dataSource.transaction('REPEATABLE READ', async (manager) =>
        work(manager, await readHead(manager)),
      ),
    )
  }

  private async serve(
    from: { epoch: string; sinceVersion: string },
    subscriber: Subscriber<FeedBatch<Resource>>,
    pace: (() => Promise<void>) | undefined,
  ): Promise<void> {
    let saidAt = 0
    const say: Say<Resource> = async (batch) => {
      saidAt = Date.now()
      subscriber.next(batch)
      await pace?.()
      if (subscriber.closed || this.closed) throw new WatchEnded()
    }
    await this.refresh()
    let at = this.canResume(from)
      ? { epoch: from.epoch, version: BigInt(from.sinceVersion || '0') }
      : undefined
    while (!subscriber.closed && !this.closed) {
      try {
        if (await this.mustRestart(at)) {
          at = await this.sendWhole(say)
        } else if (at && this.isBehind(at)) {
          at = await this.sendChanges(at, say)
        } else if (at && this.heartbeatIsDue(saidAt)) {
          await say({ ...mark(at), reset: false, synced: true, upserts: [], removals: [] })
        }
        if (!this.isBehind(at)) await once(this.heads, 'head')
      } catch (error) {
        if (error instanceof WatchEnded) break
        // The watcher keeps what it has; its staleness grows until the database is back.
        this.onError(error)
        await new Promise((resolve) => setTimeout(resolve, pollMs))
      }
    }
    subscriber.complete()
  }

  /** A version above the head's was counted before the database was restored from a backup. */
  private canResume({ epoch, sinceVersion }: { epoch: string; sinceVersion: string }): boolean {
    return this.head?.epoch === epoch && BigInt(sinceVersion || '0') <= BigInt(this.head.version)
  }

  /** Whether what a watcher has cannot be brought up to date by changes. */
  private async mustRestart(at: Position | undefined): Promise<boolean> {
    if (!this.head) return false
    if (!at || at.epoch !== this.head.epoch || at.version < BigInt(this.head.pruned_version)) return true
    if (at.version <= BigInt(this.head.version)) return false
    // Most often the head in memory is the older one of two; only the database can tell.
    this.head = await this.inSnapshot((_, head) => Promise.resolve(head))
    return at.epoch !== this.head.epoch || at.version > BigInt(this.head.version)
  }

  private isBehind(at: Position | undefined): boolean {
    if (!this.head) return false
    return !at || at.epoch !== this.head.epoch || at.version < BigInt(this.head.version)
  }

  /** A heartbeat says that the state is current, so none is sent while the database is away. */
  private heartbeatIsDue(saidAt: number): boolean {
    return Date.now() - saidAt >= heartbeatMs && Date.now() - this.headReadAt < heartbeatMs
  }

  /**
   * The pages are read one after the other without a lasting transaction, then what changed
   * meanwhile; so a slow watcher keeps no connection, and what it has at the end is one state.
   */
  private async sendWhole(say: Say<Resource>): Promise<Position> {
    const head = await readHead(this.dataSource.manager)
    const start = { epoch: head.epoch, version: BigInt(head.version) }
    // Until it is whole the watcher has nothing that it could resume from.
    const partial = { epoch: head.epoch, version: '0', synced: false, removals: [] }
    await say({ ...partial, reset: true, upserts: [] })
    for (const { page } of this.kinds) {
      let afterId: string | undefined
      for (;;) {
        const rows = await page(this.dataSource.manager, afterId, pageSize)
        if (rows.length === 0) break
        for (const upserts of this.inParts(rows.map((row) => row.resource))) {
          await say({ ...partial, reset: false, upserts })
        }
        afterId = rows.at(-1)?.id
      }
    }
    return this.sendChanges(start, say)
  }

  /** Sends what changed since a version; the watcher has the new version with the last batch. */
  private async sendChanges(since: Position, say: Say<Resource>): Promise<Position> {
    const { head, upserts, removals } = await this.inSnapshot(async (manager, head) => ({
      head,
      ...(await this.readChanges(manager, since.version)),
    }))
    const isLost = head.epoch !== since.epoch || BigInt(head.pruned_version) > since.version
    const to = { epoch: head.epoch, version: BigInt(head.version) }
    if (isLost || !this.head || BigInt(this.head.version) < to.version) this.head = head
    // What changed since cannot be told any more; the next look at the head starts the watch anew.
    if (isLost) return since
    const parts = this.inParts(upserts)
    const last = parts.pop() ?? []
    for (const part of parts) {
      await say({ ...mark(since), reset: false, synced: false, upserts: part, removals: [] })
    }
    await say({ ...mark(to), reset: false, synced: true, upserts: last, removals })
    return to
  }

  private inParts(resources: Resource[]): Resource[][] {
    const parts: Resource[][] = []
    let part: Resource[] = []
    let bytes = 0
    for (const resource of resources) {
      const size = this.sizeOf(resource)
      if (part.length === pageSize || (part.length > 0 && bytes + size > maxBatchBytes)) {
        parts.push(part)
        part = []
        bytes = 0
      }
      part.push(resource)
      bytes += size
    }
    return part.length > 0 ? [...parts, part] : parts
  }

  private async readChanges(
    manager: EntityManager,
    since: bigint,
  ): Promise<{ upserts: Resource[]; removals: { kind: string; id: string }[] }> {
    const changed = await manager.query<{ kind: string; id: string }[]>(
      `SELECT DISTINCT kind, id FROM change WHERE version > $1`,
      [String(since)],
    )
    const upserts: Resource[] = []
    const removals: { kind: string; id: string }[] = []
    for (const { kind, byIds } of this.kinds) {
      const ids = changed.filter((change) => change.kind === kind).map((change) => change.id)
      if (ids.length === 0) continue
      const rows = await byIds(manager, ids)
      for (const row of rows) upserts.push(row.resource)
      const found = new Set(rows.map((row) => row.id))
      removals.push(...ids.filter((id) => !found.has(id)).map((id) => ({ kind, id })))
    }
    return { upserts, removals }
  }

  /** One read at a time, so that an older head never replaces a newer one. */
  private refresh(): Promise<void> {
    this.refreshAgain = true
    this.refreshing ??= this.refreshWhileAsked().finally(() => {
      this.refreshing = undefined
    })
    return this.refreshing
  }

  private async refreshWhileAsked(): Promise<void> {
    while (this.refreshAgain && !this.closed) {
      this.refreshAgain = false
      try {
        await this.listener.listen()
        this.head = await readHead(this.dataSource.manager)
        this.headReadAt = Date.now()
        await this.prune(this.head)
      } catch (error) {
        if (!this.closed) this.onError(error)
      } finally {
        this.heads.emit('head')
      }
    }
  }

  private async prune(head: Head): Promise<void> {
    if (BigInt(head.version) - BigInt(head.pruned_version) < BigInt(2 * keptChanges)) return
    const upTo = String(BigInt(head.version) - BigInt(keptChanges))
    await this.dataSource.transaction(async (manager) => {
      await manager.query(`UPDATE change_head SET pruned_version = $1 WHERE pruned_version < $1`, [upTo])
      await manager.query(`DELETE FROM change WHERE version <= $1`, [upTo])
    })
  }
}

class WatchEnded extends Error {}

function mark(at: Position): { epoch: string; version: string } {
  return { epoch: at.epoch, version: String(at.version) }
}

async function readHead(manager: EntityManager): Promise<Head> {
  const [head] = await manager.query<Head[]>(headSql)
  if (!head) throw new Error('change_head is empty: the database was not migrated.')
  return head
}
