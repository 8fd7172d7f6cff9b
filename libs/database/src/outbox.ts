import { type Bus, textArray } from '@weir/bus'
import type { Message } from '@weir/contracts'
import { gauge } from '@weir/observability'
import type { DataSource, EntityManager } from 'typeorm'

const batchSize = 2_000
const pollMs = 500
const maxPauseMs = 5_000

const running = new Set<Outbox>()

gauge('weir_outbox_messages', 'Messages that the bus has not acknowledged yet.', [], async (gauge) => {
  const depths = await Promise.all([...running].map((outbox) => outbox.depth()))
  gauge.set(depths.reduce((sum, depth) => sum + depth, 0))
})

interface OutboxRow {
  id: string
  topic: string
  key: string
  value: string
  headers: Record<string, string>
}

/**
 * Messages leave a service through a table: they are committed with the change that they tell of,
 * and deleted once the bus has acknowledged them. One replica relays at a time, in order. A crash
 * in between sends a message again; `ce_id` tells copies.
 */
export class Outbox {
  private closed = false
  private notified = false
  private failures = 0
  private running: Promise<void> | undefined
  private wake: () => void = () => undefined

  constructor(
    private readonly dataSource: DataSource,
    private readonly bus: Bus,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Adds messages in the caller's transaction. Call `notify` after the commit. */
  static async add(manager: EntityManager, topic: string, messages: Message[]): Promise<void> {
    if (messages.length === 0) return
    await manager.query(
      `INSERT INTO outbox (topic, key, value, headers)
       SELECT $1, m.key, m.value, m.headers::jsonb
       FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS m(key, value, headers, position)
       ORDER BY m.position`,
      [
        topic,
        // Not as arrays, of whose JSON pg would escape every quote.
        textArray(messages.map((m) => m.key)),
        textArray(messages.map((m) => m.value)),
        textArray(messages.map((m) => JSON.stringify(m.headers))),
      ],
    )
  }

  start(): void {
    this.running ??= this.run()
    running.add(this)
  }

  /** Has the relay look now instead of at its next poll. */
  notify(): void {
    this.notified = true
    // While the bus is away, more messages are no reason to ask it sooner.
    if (this.failures === 0) this.wake()
  }

  /** Relays what is there, then stops; gives up when the bus is away. */
  async close(): Promise<void> {
    this.closed = true
    running.delete(this)
    this.wake()
    await this.running
  }

  /** How many messages wait; NaN while the database is away. */
  async depth(): Promise<number> {
    try {
      const [row] = await this.dataSource.query<{ depth: string }[]>(`SELECT count(*) AS depth FROM outbox`)
      return Number(row?.depth)
    } catch {
      return Number.NaN
    }
  }

  private async run(): Promise<void> {
    for (;;) {
      const closing = this.closed
      this.notified = false
      try {
        const relayed = await this.relayBatch()
        this.failures = 0
        if (relayed === batchSize) continue
      } catch (error) {
        this.failures++
        this.onError(error)
      }
      if (closing) return
      await this.pause()
    }
  }

  private relayBatch(): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      const [lock] = await manager.query<{ locked: boolean }[]>(
        `SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || ' outbox')) AS locked`,
      )
      if (!lock?.locked) return 0
      const rows = await manager.query<OutboxRow[]>(`SELECT * FROM outbox ORDER BY id LIMIT ${batchSize}`)
      const topics = Map.groupBy(rows, (row) => row.topic)
      for (const [topic, messages] of topics) {
        await this.bus.publish(
          topic,
          messages.map(({ key, value, headers }) => ({ key, value, headers })),
        )
      }
      if (rows.length > 0) {
        await manager.query(`DELETE FROM outbox WHERE id = ANY($1::bigint[])`, [rows.map((row) => row.id)])
      }
      return rows.length
    })
  }

  private pause(): Promise<void> {
    if (this.closed || (this.notified && this.failures === 0)) return Promise.resolve()
    const ms = this.failures === 0 ? pollMs : Math.min(100 * 2 ** this.failures, maxPauseMs)
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
