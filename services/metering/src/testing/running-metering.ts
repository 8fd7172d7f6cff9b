import { type Bus, createBus } from '@weir/bus'
import { type Message, requestSettled, type RequestSettled } from '@weir/contracts'
import type { RunningService, UsageReportRow } from '@weir/http'
import { createLogger, PrivateServer } from '@weir/observability'
import { createTestDatabase, freePort, waitFor } from '@weir/testing'
import pg from 'pg'
import { MeteringConfig } from '../config.js'
import type { AttemptResponse } from '../request-log/request-log.dto.js'
import { startMetering } from '../start.js'
import { type FakeCatalog, startFakeCatalog } from './fake-catalog.js'
import { settledMessages } from './settled-event.js'

const masterKey = 'mk_'.padEnd(40, 'x')

export interface Reply<Row> {
  status: number
  data: Row[]
  has_more: boolean
  next_cursor: string | null
  error?: { code: string; message: string; errors?: { field: string }[] }
}

/** Metering as it runs, with a database, a bus and a catalog of its own. */
export class RunningMetering {
  private replicas: { service: RunningService; origin: string; privateServer: PrivateServer }[] = []

  private constructor(
    readonly url: string,
    readonly catalog: FakeCatalog,
    readonly sql: pg.Pool,
    private readonly bus: Bus,
    private readonly drop: () => Promise<void>,
  ) {}

  static async start(
    options: { serverUrl?: string; config?: Partial<MeteringConfig> } = {},
  ): Promise<RunningMetering> {
    const database = await createTestDatabase(options)
    const { url } = database
    const sql = new pg.Pool({ connectionString: url, options: '-c search_path=metering', max: 4 })
    sql.on('error', () => undefined)
    const running = new RunningMetering(
      url,
      await startFakeCatalog(),
      sql,
      createBus({ databaseUrl: url, clientId: 'test' }),
      () => database.drop(),
    )
    await running.bus.provision()
    await running.addReplica(options.config)
    return running
  }

  async addReplica(more: Partial<MeteringConfig> = {}): Promise<void> {
    const config = Object.assign(new MeteringConfig(), {
      databaseUrl: this.url,
      internalSecret: 's'.repeat(32),
      masterKey,
      httpPort: await freePort(),
      catalogGrpc: this.catalog.address,
      // Only the master key is used here.
      identityGrpc: '127.0.0.1:1',
      ...more,
    })
    const logger = createLogger({ service: 'metering', level: 'silent' })
    const privateServer = new PrivateServer()
    const service = await startMetering({ config, logger, privateServer })
    this.replicas.push({ service, origin: `http://127.0.0.1:${config.httpPort}`, privateServer })
  }

  /** What the first replica says at /readyz, besides that it starts. */
  async missing(): Promise<Record<string, string>> {
    const { start: _, ...missing } = (await this.replicas[0]?.privateServer.missing()) ?? {}
    return missing
  }

  /** Publishes the events, all in one call. */
  publish(events: RequestSettled[]): Promise<void> {
    return this.publishMessages(settledMessages(events))
  }

  publishMessages(messages: Message[]): Promise<void> {
    return this.bus.publish(requestSettled.topic, messages)
  }

  /** Waits until metering has consumed all that was published. */
  async idle(): Promise<void> {
    await waitFor(
      async () => {
        const { rows } = await this.sql.query<{ behind: string }>(
          `SELECT sum(p.next_offset - coalesce(o.next_offset, 0)) AS behind
           FROM bus.partition p JOIN bus.topic t ON t.id = p.topic_id AND t.name = $1
           LEFT JOIN bus.position o ON o.topic_id = p.topic_id AND o.partition = p.partition AND o.consumer_group = 'metering'`,
          [requestSettled.topic],
        )
        return Number(rows[0]?.behind) === 0
      },
      { what: 'metering to be idle', timeoutMs: 30_000 },
    )
  }

  async get<Row>(
    path: string,
    headers: Record<string, string> = { authorization: `Bearer ${masterKey}` },
  ): Promise<Reply<Row>> {
    const response = await fetch(`${this.replicas[0]?.origin}${path}`, { headers })
    return { status: response.status, ...((await response.json()) as Omit<Reply<Row>, 'status'>) }
  }

  async usage(query = ''): Promise<UsageReportRow[]> {
    return (await this.get<UsageReportRow>(`/v1/usage?start=2026-01-01&end=2027-01-01&limit=1000&${query}`))
      .data
  }

  async requests(query = ''): Promise<AttemptResponse[]> {
    return (
      await this.get<AttemptResponse>(`/v1/requests?start=2026-01-01&end=2027-01-01&limit=1000&${query}`)
    ).data
  }

  async stop(): Promise<void> {
    await Promise.all(this.replicas.map(({ service }) => service.close()))
    this.catalog.close()
    await this.bus.close()
    await this.sql.end()
    await this.drop()
  }
}
