import pg from 'pg'

/** A bus that is down: who is connected is thrown out, and nobody is let in. */
export async function setConnectable(databaseUrl: string, connectable: boolean): Promise<void> {
  const url = new URL(databaseUrl)
  const database = url.pathname.slice(1)
  url.pathname = '/postgres'
  const client = new pg.Client({ connectionString: url.toString() })
  await client.connect()
  try {
    await client.query(
      `ALTER DATABASE ${client.escapeIdentifier(database)} ALLOW_CONNECTIONS ${String(connectable)}`,
    )
    if (connectable) return
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      database,
    ])
  } finally {
    await client.end()
  }
}
