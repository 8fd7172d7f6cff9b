import { type Bus, createBus } from '@weir/bus'
import { catalogV1, createGrpcClient, type GrpcClient } from '@weir/contracts'
import type { RunningService } from '@weir/http'
import { createLogger, PrivateServer } from '@weir/observability'
import { createTestDatabase, freePort } from '@weir/testing'
import pg from 'pg'
import { CatalogConfig } from '../config.js'
import { startCatalog } from '../start.js'
import { type FakeIdentity, startFakeIdentity } from './fake-identity.js'

export const masterKey = 'mk_canary_'.padEnd(40, 'm')
export const encryptionKeys = `1:${Buffer.alloc(32, 9).toString('base64')}`
const internalSecret = 'internal_canary_'.padEnd(40, 'i')

/** A body in which a test looks at whatever it needs. */
export type AnyBody = Record<string, unknown> & {
  error: {
    code: string
    message: string
    param: string | null
    errors?: { field: string; message: string }[]
  }
}

/** An answer of the REST interface. */
export interface Answer<Body> {
  status: number
  headers: Headers
  body: Body
}

/** The catalog as it runs, in this process, with a database, a bus and an identity of its own. */
export class RunningCatalog {
  readonly logs: string[] = []
  readonly privateServer = new PrivateServer()
  sql: pg.Pool
  bus: Bus
  prices: GrpcClient<typeof catalogV1.PriceServiceService>
  snapshots: GrpcClient<typeof catalogV1.CatalogSnapshotServiceService>
  references: GrpcClient<typeof catalogV1.ReferenceServiceService>
  grpcAddress: string
  origin: string
  private service: RunningService

  private constructor(
    readonly url: string,
    readonly identity: FakeIdentity,
    private readonly drop: () => Promise<void>,
  ) {}

  /** `databaseUrl`: that of a PostgreSQL which the test starts and stops itself. */
  static async start(
    options: { databaseUrl?: string; config?: Partial<CatalogConfig> } = {},
  ): Promise<RunningCatalog> {
    const database = options.databaseUrl
      ? { url: options.databaseUrl, drop: () => Promise.resolve() }
      : await createTestDatabase()
    const { url } = database
    const running = new RunningCatalog(url, await startFakeIdentity(internalSecret), () => database.drop())
    running.sql = new pg.Pool({ connectionString: url, options: '-c search_path=catalog', max: 4 })
    running.sql.on('error', () => undefined)
    running.bus = createBus({ databaseUrl: url, clientId: 'test' })
    await running.serve(options.config)
    return running
  }

  private async serve(more: Partial<CatalogConfig> = {}): Promise<void> {
    const [httpPort, grpcPort] = [await freePort(), await freePort()]
    const config = Object.assign(new CatalogConfig(), {
      ...{ databaseUrl: this.url, internalSecret, masterKey, encryptionKeys, httpPort, grpcPort },
      ...{ identityGrpc: this.identity.address, upstreamAllow: ['127.0.0.0/8'] },
      ...more,
    })
    const destination = { write: (line: string) => void this.logs.push(line) }
    const logger = createLogger({ service: 'catalog', level: 'trace', destination })
    this.service = await startCatalog({ config, logger, privateServer: this.privateServer })
    this.origin = `http://127.0.0.1:${httpPort}`
    this.grpcAddress = `127.0.0.1:${grpcPort}`
    const trust = { internalSecret }
    this.prices = createGrpcClient(catalogV1.PriceServiceService, this.grpcAddress, trust)
    this.snapshots = createGrpcClient(catalogV1.CatalogSnapshotServiceService, this.grpcAddress, trust)
    this.references = createGrpcClient(catalogV1.ReferenceServiceService, this.grpcAddress, trust)
  }

  /** A REST call; with the master key unless other headers are given. */
  async call<Body = AnyBody>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = { authorization: `Bearer ${masterKey}` },
  ): Promise<Answer<Body>> {
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: (text ? JSON.parse(text) : {}) as Body,
    }
  }

  /** Creates something that must succeed. */
  async create<Body = { id: string }>(path: string, body: object): Promise<Body> {
    const answer = await this.call('POST', path, body)
    if (answer.status !== 201)
      throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body as Body
  }

  async stop(): Promise<void> {
    await this.service.close()
    for (const client of [this.prices, this.snapshots, this.references]) client.close()
    this.identity.stop()
    await this.bus.close()
    await this.sql.end()
    await this.drop()
  }
}
