import pg from 'pg'
import { DataSource, type DataSourceOptions, type EntitySchema, type MigrationInterface } from 'typeorm'
import { appRole, holdToScope, prepareAppRole } from './row-security.js'

interface DatabaseOptions {
  url: string
  /** The service's own schema; every unqualified name resolves there and nowhere else. */
  schema: string
  entities: (new () => object)[] | EntitySchema[]
  migrations: (new () => MigrationInterface)[]
  /** Connections at most; default 10. */
  poolSize?: number
}

/** TypeORM's options for a service's schema. */
export function dataSourceOptions(
  { url, schema, entities, migrations, poolSize = 10 }: DatabaseOptions,
  session = `-c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000 -c role=${appRole}`,
): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    schema,
    entities,
    migrations,
    migrationsTableName: 'migration',
    poolSize,
    // The console logger writes lines among the service's own, which are JSON; failures are thrown anyway.
    logger: 'debug',
    extra: {
      options: `-c search_path=${schema} ${session}`,
      application_name: `weir ${schema}`,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    },
  }
}

/**
 * Connects, creates the schema when it is missing, and migrates; replicas that start together
 * wait for each other. What it gives works as a role that sees no more than `currentScope()`. Rejects when the database is away: the caller tries again.
 */
export async function openDataSource(options: DatabaseOptions): Promise<DataSource> {
  const lock = new pg.Client({ connectionString: options.url, connectionTimeoutMillis: 5_000 })
  // A connection that breaks while idle would otherwise end the process.
  lock.on('error', () => undefined)
  await lock.connect()
  try {
    await lock.query('SELECT pg_advisory_lock(hashtext($1))', [`weir migrate ${options.schema}`])
    await lock.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(options.schema)}`)
    await prepareAppRole(lock, pg.escapeIdentifier(options.schema))
    await migrate(options)
    const dataSource = await new DataSource(dataSourceOptions(options)).initialize()
    holdToScope(dataSource)
    return dataSource
  } finally {
    await lock.end().catch(() => undefined)
  }
}

/**
 * As the tables' owner, on a connection of its own: a migration of a large table may take longer than
 * any request, and changes the rows of every organization.
 */
async function migrate(options: DatabaseOptions): Promise<void> {
  const session = '-c weir.scope=service'
  const dataSource = await new DataSource(
    dataSourceOptions({ ...options, poolSize: 1 }, session),
  ).initialize()
  try {
    await dataSource.runMigrations({ transaction: 'each' })
  } finally {
    await dataSource.destroy()
  }
}

/** Opens the database, however long it takes to come. `onWait` hears why it is not there yet. */
export async function awaitDataSource(
  options: DatabaseOptions,
  onWait: (reason: string) => void,
): Promise<DataSource> {
  for (let pauseMs = 200; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    try {
      return await openDataSource(options)
    } catch (error) {
      if (!isUnavailable(error)) throw error
      onWait(error instanceof Error ? error.message : String(error))
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}

const unavailableCodes = new Set([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ETIMEDOUT',
    'EPIPE',
    'EHOSTUNREACH',
    'ENETUNREACH',
  ],
  // PostgreSQL: class 08 connection, 57P0x shutting or starting up, 53 out of disk, memory or connections,
  // 25006 a standby that is not promoted yet, 57014 and 25P03 a statement or transaction that took too long.
  ...['08000', '08001', '08003', '08004', '08006', '57P01', '57P02', '57P03', '57P05'],
  ...['53000', '53100', '53200', '53300', '25006', '25P03', '57014'],
])

/** Whether an error says that the database cannot be reached now, rather than that a statement is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, driverError, errors } = error as { code?: unknown; driverError?: unknown; errors?: unknown[] }
  return (
    unavailableCodes.has(String(code)) ||
    /Connection terminated|timeout exceeded when trying to connect|Connection ended|not queryable/i.test(
      error.message,
    ) ||
    (driverError !== undefined && driverError !== error && isUnavailable(driverError)) ||
    (Array.isArray(errors) && errors.some(isUnavailable))
  )
}

/** The foreign key that an error says is violated, by the constraint's name. */
export function violatedForeignKey(error: unknown): string | undefined {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  return code === '23503' ? String(constraint) : undefined
}

/** Whether a transaction was undone to end a deadlock; the same work may succeed now. */
export function isDeadlock(error: unknown): boolean {
  return (error as { code?: unknown }).code === '40P01'
}

/** Whether an error is a violated unique constraint (or the one named). */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint: violated } = error as { code?: unknown; constraint?: unknown }
  return code === '23505' && (constraint === undefined || violated === constraint)
}
