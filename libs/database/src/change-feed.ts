import { EventEmitter, once } from 'node:events'
import pg from 'pg'
import { Observable, type Subscriber } from 'rxjs'
import type { DataSource, EntityManager } from 'typeorm'

const pollMs = 1_000
const heartbeatMs = 2_000
const keptChanges = 100_000

/** A batch for one watcher; see WatchIdentityResponse in proto/weir/identity/v1/snapshot.proto. */
export interface FeedBatch<Resource> {
  epoch: string
  version: string
  reset: boolean
  synced: boolean
  upserts: Resource[]
  removals: { kind: string; id: string }[]
}

/** How the resources of one kind are read; both run in a snapshot of the whole database. */
export interface FeedKind<Resource> {
  kind: string
  /** The resources with these ids; those that are gone are left out. */
  byIds(manager: EntityManager, ids: string[]): Promise<{ id: string; resource: Resource }[]>
  /** All of them, a page at a time, in the order of ids. */
  page(manager: EntityManager, afterId: string | undefined, limit: number): Promise<{ id: string; resource: Resource }[]>
}

interface Head {
  epoch: string
  version: string
  pruned_version: string
}

/**
 * Streams a service's state to watchers: whole at first, then each change, in the order of
 * versions. Resources are sent as they are now, not as they were at the change, so that applying a
 * batch twice, or skipping to a later one, ends in the same state.
 */
export class ChangeFeed<Resource> {
  private readonly heads = new EventEmitter().setMaxListeners(0)
  private readonly schema: string
  private head: Head | undefined
  private headReadAt = 0
  private listener: pg.Client | undefined
  private closed = false
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly dataSource: DataSource,
    private readonly kinds: FeedKind<Resource>[],
    private readonly onError: (error: unknown) => void,
  ) {
    this.schema = String((dataSource.options as { schema?: string }).schema)
  }

  start(): void {
    const poll = () => {
      void this.refresh().finally(() => {
        if (!this.closed) this.timer = setTimeout(poll, pollMs)
      })
    }
    poll()
  }

  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.timer)
    this.heads.emit('head')
    await this.listener?.end().catch(() => undefined)
  }

  /** What a watcher that has `sinceVersion` of `epoch` must hear, until it unsubscribes. */
  watch(from: { epoch: string; sinceVersion: string }): Observable<FeedBatch<Resource>> {
    return new Observable((subscriber) => {
      void this.serve(from, subscriber).catch((error: unknown) => subscriber.error(error))
    })
  }

  private async serve(
    from: { epoch: string; sinceVersion: string },
    subscriber: Subscriber<FeedBatch<Resource>>,
  ): Promise<void> {
    await this.refresh()
    let at = this.canResume(from) ? { epoch: from.epoch, version: BigInt(from.sinceVersion) } : undefined
    let saidAt = 0
    const say = (batch: FeedBatch<Resource>) => {
      saidAt = Date.now()
      subscriber.next(batch)
    }
    while (!subscriber.closed && !this.closed) {
      try {
        if (this.head && (!at || at.epoch !== this.head.epoch || at.version < BigInt(this.head.pruned_version))) {
          at = await this.sendWhole(say)
        } else if (this.head && at && at.version < BigInt(this.head.version)) {
          at = { ...at, version: await this.sendChanges(at.version, say) }
        } else if (this.head && at && this.heartbeatIsDue(saidAt)) {
          say({ epoch: at.epoch, version: String(at.version), reset: false, synced: true, upserts: [], removals: [] })
        }
        if (!this.isAhead(at)) await once(this.heads, 'head')
      } catch (error) {
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

  private isAhead(at: { epoch: string; version: bigint } | undefined): boolean {
    if (!this.head) return false
    return !at || at.epoch !== this.head.epoch || at.version < BigInt(this.head.version)
  }

  /** A heartbeat says that the state is current, so none is sent while the database is away. */
  private heartbeatIsDue(saidAt: number): boolean {
    return Date.now() - saidAt >= heartbeatMs && Date.now() - this.headReadAt < heartbeatMs
  }

  private async sendWhole(say: (batch: FeedBatch<Resource>) => void): Promise<{ epoch: string; version: bigint }> {
    return this.inSnapshot(async (manager, head) => {
      let reset = true
      for (const { page } of this.kinds) {
        let afterId: string | undefined
        for (;;) {
          const rows = await page(manager, afterId, 2_000)
          if (rows.length === 0) break
          say({ ...this.mark(head), reset, synced: false, upserts: rows.map((row) => row.resource), removals: [] })
          reset = false
          afterId = rows.at(-1)?.id
        }
      }
      say({ ...this.mark(head), reset, synced: true, upserts: [], removals: [] })
      return { epoch: head.epoch, version: BigInt(head.version) }
    })
  }

  private async sendChanges(since: bigint, say: (batch: FeedBatch<Resource>) => void): Promise<bigint> {
    return this.inSnapshot(async (manager, head) => {
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
        upserts.push(...rows.map((row) => row.resource))
        const found = new Set(rows.map((row) => row.id))
        removals.push(...ids.filter((id) => !found.has(id)).map((id) => ({ kind, id })))
      }
      say({ ...this.mark(head), reset: false, synced: true, upserts, removals })
      return BigInt(head.version)
    })
  }

  /** Reads in one snapshot of the database, with the head as it is in that snapshot. */
  inSnapshot<T>(work: (manager: EntityManager, head: Head) => Promise<T>): Promise<T> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const [head] = await manager.query<Head[]>(`SELECT epoch, version, pruned_version FROM change_head`)
      if (!head) throw new Error('change_head is empty: the database was not migrated.')
      return work(manager, head)
    })
  }

  private mark(head: Head): { epoch: string; version: string } {
    return { epoch: head.epoch, version: head.version }
  }

  private async refresh(): Promise<void> {
    try {
      await this.listen()
      const [head] = await this.dataSource.query<Head[]>(
        `SELECT epoch, version, pruned_version FROM change_head`,
      )
      this.head = head
      this.headReadAt = Date.now()
      await this.prune(head)
    } catch (error) {
      this.onError(error)
    } finally {
      this.heads.emit('head')
    }
  }

  /** One connection hears of commits at once; the poll makes up for what it misses while it is away. */
  private async listen(): Promise<void> {
    if (this.listener || this.closed) return
    const { url } = this.dataSource.options as { url?: string }
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    const gone = () => {
      if (this.listener === client) this.listener = undefined
    }
    client.on('error', gone).on('end', gone)
    client.on('notification', () => void this.refresh())
    await client.connect()
    await client.query(`LISTEN ${pg.escapeIdentifier(`${this.schema}_change`)}`)
    this.listener = client
  }

  private async prune(head: Head | undefined): Promise<void> {
    if (!head || BigInt(head.version) - BigInt(head.pruned_version) < BigInt(2 * keptChanges)) return
    const upTo = String(BigInt(head.version) - BigInt(keptChanges))
    await this.dataSource.transaction(async (manager) => {
      await manager.query(`UPDATE change_head SET pruned_version = $1 WHERE pruned_version < $1`, [upTo])
      await manager.query(`DELETE FROM change WHERE version <= $1`, [upTo])
    })
  }
}
