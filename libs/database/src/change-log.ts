import type { DataSource, EntityManager } from 'typeorm'
import type { Message } from '@weir/contracts'
import { isDeadlock } from './data-source.js'
import { Outbox } from './outbox.js'

const maxAttempts = 3

/** That a resource changed. */
export interface Change {
  organization: string
  /** virtual_key, team, workspace, workload, provider, model, price. */
  kind: string
  id: string
  action: 'created' | 'updated' | 'deleted'
}

/** A change with its place in the order of all changes of the service. */
export interface VersionedChange extends Change {
  version: string
}

/** What the bus gets to know of a change. */
export interface ChangeMessage {
  topic: string
  message: Message
}

interface ChangeLogOptions {
  /** The bus's message for a change. */
  toMessage: (change: VersionedChange) => ChangeMessage
  /** Called after each commit that changed something. */
  onCommit: () => void
}

/**
 * Every change of a service's state goes through here: the rows, the version that watchers see and
 * the event that the bus gets are one transaction. Versions are dense and in the order of commits,
 * because the head row stays locked from the numbering to the commit.
 */
export class ChangeLog {
  constructor(
    private readonly dataSource: DataSource,
    private readonly options: ChangeLogOptions,
  ) {}

  /**
   * Runs `work` in a transaction; what it reports as changed is in force when this resolves. Runs it
   * again when PostgreSQL has chosen it as the victim of a deadlock.
   */
  async write<T>(
    work: (manager: EntityManager, changed: (change: Change) => void) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.writeOnce(work)
      } catch (error) {
        if (attempt === maxAttempts || !isDeadlock(error)) throw error
      }
    }
  }

  private async writeOnce<T>(
    work: (manager: EntityManager, changed: (change: Change) => void) => Promise<T>,
  ): Promise<T> {
    const changes: Change[] = []
    const result = await this.dataSource.transaction(async (manager) => {
      const result = await work(manager, (change) => changes.push(change))
      if (changes.length > 0) await this.number(manager, changes)
      return result
    })
    if (changes.length > 0) this.options.onCommit()
    return result
  }

  private async number(manager: EntityManager, changes: Change[]): Promise<void> {
    const [[head]] = await manager.query<[[{ version: string; schema: string }]]>(
      `UPDATE change_head SET version = version + $1 RETURNING version, current_schema() AS schema`,
      [changes.length],
    )
    const first = BigInt(head.version) - BigInt(changes.length) + 1n
    const versioned = changes.map((change, index) => ({ ...change, version: String(first + BigInt(index)) }))
    await manager.query(
      `INSERT INTO change (version, kind, id, action)
       SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])`,
      [
        versioned.map((c) => c.version),
        versioned.map((c) => c.kind),
        versioned.map((c) => c.id),
        versioned.map((c) => c.action),
      ],
    )
    for (const change of versioned) {
      const { topic, message } = this.options.toMessage(change)
      await Outbox.add(manager, topic, [message])
    }
    await manager.query(`SELECT pg_notify($1, $2)`, [`${head.schema}_change`, head.version])
  }
}
