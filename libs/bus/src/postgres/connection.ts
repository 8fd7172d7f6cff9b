import { Pool, type ClientConfig } from 'pg'
import type { BusLog } from '../bus.js'
import { reasonOf } from '../reason.js'

/** Publishing waits for locks of heads anyway; more connections would only wait too. */
const poolSize = 4

export interface PostgresConnection {
  databaseUrl: string
  clientId: string
  log: BusLog
}

/** How every connection of the bus is made. */
export function connectionOf({ databaseUrl, clientId }: Omit<PostgresConnection, 'log'>): ClientConfig {
  return {
    connectionString: databaseUrl,
    application_name: `${clientId} bus`,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    // Longer than any statement takes, shorter than a lease: a member that hears nothing must stop in time.
    query_timeout: 5_000,
    statement_timeout: 5_000,
  }
}

/** The connections that publish and ask. */
export function openPool(connection: PostgresConnection): Pool {
  const pool = new Pool({ ...connectionOf(connection), max: poolSize, idleTimeoutMillis: 30_000 })
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on('error', (error) =>
    connection.log.warn({ reason: reasonOf(error) }, 'lost an idle connection to the bus in PostgreSQL'),
  )
  return pool
}
