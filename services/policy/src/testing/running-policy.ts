import { type Bus, createBus } from '@weir/bus'
import { createGrpcClient, type GrpcClient, policyV1, usageRated, type UsageRated } from '@weir/contracts'
import { openDataSource } from '@weir/database'
import type { RunningService } from '@weir/http'
import { createLogger, PrivateServer } from '@weir/observability'
import { createTestDatabase, freePort } from '@weir/testing'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { BudgetResponse } from '../budget/budget.dto.js'
import type { BudgetStatusResponse } from '../budget/budget-status.js'
import { Pruning } from '../budget/pruning.js'
import { PolicyConfig } from '../config.js'
import { startPolicy } from '../policy.js'
import { FakeIdentity } from './fake-identity.js'

const masterKey = 'mk_'.padEnd(40, 'p')

/** Shared secret of the service that runs. */
export const trust = { internalSecret: 'p'.repeat(32) }

/** Threads run what was compiled. */
const scanWorker = new URL('../../dist/evaluation/scan.worker.js', import.meta.url)

/** An answer of the REST. */
export interface Answer<Body> {
  status: number
  body: Body & { error?: { code: string; message: string } }
}

/** The policy service as it runs, with a database, a bus and an identity of its own. */
export class RunningPolicy {
  money: GrpcClient<typeof policyV1.BudgetServiceService>
  address: string
  private origin: string
  private service: RunningService

  private constructor(
    readonly url: string,
    readonly identity: FakeIdentity,
    readonly sql: pg.Pool,
    private readonly bus: Bus,
    private readonly drop: () => Promise<void>,
  ) {}

  static async start(): Promise<RunningPolicy> {
    const database = await createTestDatabase()
    const { url } = database
    const sql = new pg.Pool({ connectionString: url, options: '-c search_path=policy', max: 4 })
    sql.on('error', () => undefined)
    const bus = createBus({ databaseUrl: url, clientId: 'test' })
    const running = new RunningPolicy(url, await FakeIdentity.start(), sql, bus, () => database.drop())
    await bus.provision()
    await running.serve()
    return running
  }

  private async serve(): Promise<void> {
    const [httpPort, grpcPort] = [await freePort(), await freePort()]
    const config = Object.assign(new PolicyConfig(), {
      ...{ databaseUrl: this.url, masterKey, httpPort, grpcPort, ...trust },
      identityGrpc: this.identity.address,
    })
    const logger = createLogger({ service: 'policy', level: 'silent' })
    const context = { config, logger, privateServer: new PrivateServer() }
    this.service = await startPolicy(context, { scanWorker })
    this.origin = `http://127.0.0.1:${httpPort}`
    this.address = `127.0.0.1:${grpcPort}`
    this.money = createGrpcClient(policyV1.BudgetServiceService, this.address, trust)
  }

  async call<Body>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${masterKey}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer<Body>['body'] }
  }

  /** Makes a budget; of a team of its own unless the fields say otherwise. */
  async createBudget(fields: Record<string, unknown>): Promise<BudgetResponse> {
    const { status, body } = await this.call<BudgetResponse>('POST', '/v1/budgets', {
      period: 'monthly',
      ...fields,
    })
    if (status !== 201) throw new Error(`A budget was answered with ${status}: ${JSON.stringify(body)}`)
    return body
  }

  async status(path: string): Promise<BudgetStatusResponse> {
    return (await this.call<BudgetStatusResponse>('GET', `/v1/${path}/budget`)).body
  }

  exchange(
    gateway: string,
    fields: Partial<policyV1.ExchangeMoneyRequest>,
  ): Promise<policyV1.ExchangeMoneyResponse> {
    return this.money.exchangeMoney({ gateway, returns: [], holds: [], wants: [], ...fields })
  }

  /** Deletes what is too old to be asked for, as the service does every ten minutes. */
  async prune(): Promise<void> {
    const dataSource = await openDataSource({ url: this.url, schema: 'policy', entities: [], migrations: [] })
    await new Pruning(dataSource, createLogger({ service: 'policy', level: 'silent' })).prune()
    await dataSource.destroy()
  }

  publish(events: UsageRated[]): Promise<void> {
    return this.bus.publish(
      usageRated.topic,
      events.map((event) => usageRated.encode(event, 'weir/test')),
    )
  }

  async stop(): Promise<void> {
    this.money.close()
    await this.service.close()
    this.identity.close()
    await this.bus.close()
    await this.sql.end()
    await this.drop()
  }
}

/** A rated attempt, each its own, with what a test cares about. */
export function ratedEvent(given: Partial<UsageRated>): UsageRated {
  return {
    ...usageRated.decode(JSON.stringify({ event_id: randomUUID() })),
    startedAt: new Date().toISOString(),
    endedAt: new Date().toISOString(),
    ratedAt: new Date().toISOString(),
    requestId: 'req_1',
    attempt: 1,
    organization: 'org_default',
    currency: 'USD',
    cost: '0.000000000',
    ...given,
  }
}
