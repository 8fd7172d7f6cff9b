import { type Bus, createBus } from '@weir/bus'
import { createGrpcClient, type GrpcClient, identityV1 } from '@weir/contracts'
import type { RunningService } from '@weir/http'
import { createLogger, PrivateServer } from '@weir/observability'
import { createTestDatabase, freePort } from '@weir/testing'
import pg from 'pg'
import { IdentityConfig } from '../config.js'
import { startIdentity } from '../start.js'
import { type FakeCatalog, startFakeCatalog } from './fake-catalog.js'
import { type FakePolicy, startFakePolicy } from './fake-policy.js'

export const masterKey = 'mk_canary_'.padEnd(40, 'm')
const internalSecret = 'internal_canary_'.padEnd(40, 'i')
export const keyPepper = Buffer.alloc(32, 7).toString('base64')

/** An answer of the REST interface. */
export interface Answer<Body> {
  status: number
  headers: Headers
  body: Body
}

/** A body in which a test looks at whatever it needs. */
export type AnyBody = Record<string, unknown> & {
  error: {
    code: string
    message: string
    param: string | null
    errors?: { field: string; message: string }[]
  }
}

/** Identity as it runs, in this process, with a database, a bus and a catalog of its own. */
export class RunningIdentity {
  readonly logs: string[] = []
  readonly privateServer = new PrivateServer()
  sql: pg.Pool
  bus: Bus
  keys: GrpcClient<typeof identityV1.VirtualKeyServiceService>
  snapshots: GrpcClient<typeof identityV1.IdentitySnapshotServiceService>
  references: GrpcClient<typeof identityV1.ReferenceServiceService>
  origin: string
  grpcAddress: string
  private service: RunningService

  private constructor(
    readonly url: string,
    readonly catalog: FakeCatalog,
    readonly policy: FakePolicy,
    private readonly drop: () => Promise<void>,
  ) {}

  /** `databaseUrl`: that of a PostgreSQL which the test starts and stops itself. */
  static async start(
    options: { databaseUrl?: string; busDatabaseUrl?: string; config?: Partial<IdentityConfig> } = {},
  ): Promise<RunningIdentity> {
    const database = options.databaseUrl
      ? { url: options.databaseUrl, drop: () => Promise.resolve() }
      : await createTestDatabase()
    const { url } = database
    const catalog = await startFakeCatalog(internalSecret)
    const policy = await startFakePolicy(internalSecret)
    const running = new RunningIdentity(url, catalog, policy, () => database.drop())
    running.sql = new pg.Pool({ connectionString: url, options: '-c search_path=identity', max: 4 })
    running.sql.on('error', () => undefined)
    running.bus = createBus({ databaseUrl: options.busDatabaseUrl ?? url, clientId: 'test' })
    await running.serve(options.busDatabaseUrl, options.config)
    return running
  }

  private async serve(busDatabaseUrl: string | undefined, more: Partial<IdentityConfig> = {}): Promise<void> {
    const [httpPort, grpcPort] = [await freePort(), await freePort()]
    const config = Object.assign(new IdentityConfig(), {
      ...{ databaseUrl: this.url, internalSecret, masterKey, keyPepper, httpPort, grpcPort },
      catalogGrpc: this.catalog.address,
      policyGrpc: this.policy.address,
      ...(busDatabaseUrl && { busDatabaseUrl }),
      ...more,
    })
    const destination = { write: (line: string) => void this.logs.push(line) }
    const logger = createLogger({ service: 'identity', level: 'trace', destination })
    this.service = await startIdentity({ config, logger, privateServer: this.privateServer })
    this.origin = `http://127.0.0.1:${httpPort}`
    this.grpcAddress = `127.0.0.1:${grpcPort}`
    const address = this.grpcAddress
    this.keys = createGrpcClient(identityV1.VirtualKeyServiceService, address, { internalSecret })
    this.snapshots = createGrpcClient(identityV1.IdentitySnapshotServiceService, address, { internalSecret })
    this.references = createGrpcClient(identityV1.ReferenceServiceService, address, { internalSecret })
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

  async stopService(): Promise<void> {
    await this.service.close()
    for (const client of [this.keys, this.snapshots, this.references]) client.close()
  }

  async stop(): Promise<void> {
    await this.stopService()
    this.catalog.stop()
    this.policy.stop()
    await this.bus.close()
    await this.sql.end()
    await this.drop()
  }
}
