import type { Attempt } from '@weir/audit'
import { type Bus, createBus } from '@weir/bus'
import type { StatefulConfig } from '@weir/config'
import type { Logger, PrivateServer } from '@weir/observability'
import type { DataSource, MigrationInterface } from 'typeorm'
import { AttemptRecord } from './attempt-record.js'
import { awaitDataSource } from './data-source.js'

/** A service's database and its bus, open. */
export interface Storage {
  dataSource: DataSource
  bus: Bus
  /** Puts a change that was refused, or failed, on record; for those services that have an outbox. */
  recordAttempt: (attempt: Attempt) => void
  /** Lets go of the bus, then of the database. */
  close(): Promise<void>
}

interface StorageOptions {
  /** The service's name, which is also its schema. */
  name: string
  config: StatefulConfig
  entities: (new () => object)[]
  migrations: (new () => MigrationInterface)[]
  logger: Logger
  privateServer: PrivateServer
  poolSize?: number
}

/**
 * Opens what a service keeps its state in: waits for the database, however long it takes, and
 * migrates it; has the bus's topics made in the background, since a service can work without the
 * bus for a while. Both are conditions of readiness.
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { name, config, entities, migrations, logger, privateServer, poolSize } = options
  let waitsFor: string | undefined = 'not connected yet'
  privateServer.addCheck('database', () => waitsFor)
  const dataSource = await awaitDataSource(
    { url: config.databaseUrl, schema: name, entities, migrations, ...(poolSize && { poolSize }) },
    (reason) => {
      waitsFor = reason
      logger.warn({ reason }, 'The database is not there yet; waiting for it.')
    },
  )
  waitsFor = undefined
  privateServer.addCheck('database', async () => void (await dataSource.query('SELECT 1')))
  const bus = createBus({
    ...(config.kafkaBrokers && { kafkaBrokers: config.kafkaBrokers }),
    databaseUrl: config.busDatabaseUrl ?? config.databaseUrl,
    clientId: `weir-${name}`,
    log: logger,
  })
  privateServer.addCheck('bus', async () => ((await bus.ready()) ? undefined : 'does not answer'))
  const attempts = new AttemptRecord(name, dataSource)
  const closing = new AbortController()
  void provision(bus, logger, closing.signal)
  return {
    dataSource,
    bus,
    recordAttempt: (attempt) => attempts.add(attempt),
    async close() {
      closing.abort()
      await attempts.close()
      await bus.close()
      await dataSource.destroy()
    },
  }
}

async function provision(bus: Bus, logger: Logger, closing: AbortSignal): Promise<void> {
  for (let pauseMs = 500; !closing.aborted; pauseMs = Math.min(pauseMs * 2, 10_000)) {
    try {
      return await bus.provision()
    } catch (error) {
      logger.warn({ err: error }, 'The topics could not be made yet; trying again.')
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref())
    }
  }
}
