import { type Bus, createBus } from '@weir/bus'
import {
  businessUnitCostRolledUp,
  type BusinessUnitCostRolledUp,
  type Message,
  usageRated,
  type UsageRated,
} from '@weir/contracts'
import type { RunningService, UsageReportRow } from '@weir/http'
import { createLogger, PrivateServer } from '@weir/observability'
import { createTestDatabase, freePort, waitFor } from '@weir/testing'
import pg from 'pg'
import { AggregatorConfig } from '../config.js'
import { startAggregator } from '../start.js'
import { ratedMessages } from './rated-event.js'

const masterKey = 'mk_'.padEnd(40, 'x')

export interface Reply {
  status: number
  data: UsageReportRow[]
  has_more: boolean
  next_cursor: string | null
  error?: { code: string; message: string; errors?: { field: string }[] }
}

/** Aggregator as it runs, with a database and a bus of its own. */
export class RunningAggregator {
  private replicas: { service: RunningService; origin: string }[] = []

  private constructor(
    readonly url: string,
    readonly sql: pg.Pool,
    private readonly bus: Bus,
    private readonly drop: () => Promise<void>,
  ) {}

  static async start(): Promise<RunningAggregator> {
    const database = await createTestDatabase()
    const { url } = database
    const sql = new pg.Pool({ connectionString: url, options: '-c search_path=aggregator', max: 4 })
    sql.on('error', () => undefined)
    const running = new RunningAggregator(url, sql, createBus({ databaseUrl: url, clientId: 'test' }), () =>
      database.drop(),
    )
    await running.bus.provision()
    await running.addReplica()
    return running
  }

  async addReplica(): Promise<void> {
    const config = Object.assign(new AggregatorConfig(), {
      databaseUrl: this.url,
      internalSecret: 's'.repeat(32),
      masterKey,
      httpPort: await freePort(),
      // Only the master key is used here.
      identityGrpc: '127.0.0.1:1',
    })
    const logger = createLogger({ service: 'aggregator', level: 'silent' })
    const service = await startAggregator({ config, logger, privateServer: new PrivateServer() })
    this.replicas.push({ service, origin: `http://127.0.0.1:${config.httpPort}` })
  }

  /** Ends all replicas, forgets all that the aggregator knows, its place on the topic too, and starts one. */
  async startAnew(): Promise<void> {
    await Promise.all(this.replicas.splice(0).map(({ service }) => service.close()))
    await this.sql.query(
      `DROP SCHEMA aggregator CASCADE; DELETE FROM bus.position WHERE consumer_group = 'aggregator'`,
    )
    await this.addReplica()
  }

  /** Publishes the events, all in one call. */
  publish(events: UsageRated[]): Promise<void> {
    return this.publishMessages(ratedMessages(events))
  }

  publishMessages(messages: Message[]): Promise<void> {
    return this.bus.publish(usageRated.topic, messages)
  }

  /** Waits until aggregator has consumed all that was published, and its own events have left. */
  async idle(): Promise<void> {
    await waitFor(
      async () => {
        const { rows } = await this.sql.query<{ behind: string; waiting: string }>(
          `SELECT sum(p.next_offset - coalesce(o.next_offset, 0)) AS behind, (SELECT count(*) FROM outbox) AS waiting
           FROM bus.partition p JOIN bus.topic t ON t.id = p.topic_id AND t.name = $1
           LEFT JOIN bus.position o ON o.topic_id = p.topic_id AND o.partition = p.partition AND o.consumer_group = 'aggregator'`,
          [usageRated.topic],
        )
        return Number(rows[0]?.behind) === 0 && Number(rows[0]?.waiting) === 0
      },
      { what: 'aggregator to be idle', timeoutMs: 30_000 },
    )
  }

  /** What a reader of the compacted topic ends up with: the last message of each key. */
  async businessUnits(): Promise<BusinessUnitCostRolledUp[]> {
    const { rows } = await this.sql.query<{ key: string; value: string }>(
      `SELECT m.key, m.value FROM bus.message m JOIN bus.topic t ON t.id = m.topic_id AND t.name = $1
       ORDER BY m.partition, m."offset"`,
      [businessUnitCostRolledUp.topic],
    )
    const last = new Map(rows.map(({ key, value }) => [key, businessUnitCostRolledUp.decode(value)]))
    return [...last.values()].sort((a, b) =>
      businessUnitCostRolledUp.key(a) < businessUnitCostRolledUp.key(b) ? -1 : 1,
    )
  }

  async get(
    path: string,
    headers: Record<string, string> = { authorization: `Bearer ${masterKey}` },
  ): Promise<Reply> {
    const response = await fetch(`${this.replicas[0]?.origin}${path}`, { headers })
    return { status: response.status, ...((await response.json()) as Omit<Reply, 'status'>) }
  }

  async costs(query = ''): Promise<UsageReportRow[]> {
    return (await this.get(`/v1/costs?start=2026-01-01&end=2027-01-01&limit=1000&${query}`)).data
  }

  async stop(): Promise<void> {
    await Promise.all(this.replicas.map(({ service }) => service.close()))
    await this.bus.close()
    await this.sql.end()
    await this.drop()
  }
}
