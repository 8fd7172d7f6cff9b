import pg from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { createTestDatabase } from './index.js'

describe('createTestDatabase', () => {
  it('gives each caller an empty database of its own and removes it', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()])
    await query(one.url, 'create table marker (id int)')
    expect(await query(two.url, `select to_regclass('marker') as found`)).toEqual([{ found: null }])
    // A connection that a test forgot to close does not keep the database alive.
    const forgotten = new pg.Client({ connectionString: one.url })
    forgotten.on('error', () => undefined)
    await forgotten.connect()
    await one.drop()
    await two.drop()
    const rows = await query(
      inject('postgresUrl'),
      `select datname from pg_database where datname ~ '^test_'`,
    )
    const names = rows.map((row) => row['datname'])
    for (const { url } of [one, two]) expect(names).not.toContain(new URL(url).pathname.slice(1))
  })
})

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<Record<string, unknown>>(sql)
  await client.end()
  return rows
}
