import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** An empty database of one test file's own. */
export interface TestDatabase {
  /** Connection string of a superuser. */
  url: string
  /** Removes it, cutting connections that are still open. */
  drop: () => Promise<void>
}

/**
 * Makes an empty database in the cluster that the run's global setup started.
 *
 * @throws Error outside of the vitest projects with that setup (medium)
 */
export async function createTestDatabase(options: { serverUrl?: string } = {}): Promise<TestDatabase> {
  const serverUrl = options.serverUrl ?? process.env.WEIR_TEST_POSTGRES_URL
  if (serverUrl === undefined) {
    throw new Error('No test PostgreSQL runs: name the file *.medium.spec.ts, or pass serverUrl.')
  }
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    url: url.toString(),
    drop: () => execute(serverUrl, `drop database if exists ${name} with (force)`),
  }
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
