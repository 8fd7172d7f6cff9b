import { createTestDatabase, type TestDatabase } from '@weir/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type InsertColumn, insertRows } from './array-insert.js'

interface Row {
  words: string | null
  count: number | undefined
  big: bigint
  yes: boolean
  at: Date
  json: unknown
  bytes: Buffer
}

const columns: InsertColumn<Row>[] = [
  { name: 'words', type: 'text', value: (row) => row.words },
  { name: 'count', type: 'integer', value: (row) => row.count },
  { name: 'big', type: 'numeric', value: (row) => row.big },
  { name: 'yes', type: 'boolean', value: (row) => row.yes },
  { name: 'at', type: 'timestamptz', value: (row) => row.at },
  { name: 'json', type: 'jsonb', value: (row) => row.json },
  { name: 'bytes', type: 'bytea', value: (row) => row.bytes },
]

let database: TestDatabase
let client: Client
beforeAll(async () => {
  database = await createTestDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(
    'CREATE TABLE "row" (words text, count integer, big numeric, yes boolean, at timestamptz, json jsonb, bytes bytea)',
  )
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

it('keeps every value as it is, whatever is in it', async () => {
  const at = new Date('2026-11-21T12:34:56.789Z')
  const rows: Row[] = [
    'plain',
    '',
    'NULL',
    '{a,b}',
    '"quoted"',
    'back\\slash',
    'two\nlines',
    'é世界',
    null,
  ].map((words, index) => ({
    ...{ words, count: index === 0 ? undefined : -index, big: 10n ** 20n, yes: index % 2 === 0, at },
    bytes: Buffer.from([0, 34, 92, 255]),
    json: { [words ?? 'nothing']: [words, '"', '\\'] },
  }))
  await insert(rows)
  const found = await client.query<Record<keyof Row, unknown>>('SELECT * FROM "row"')
  expect(found.rows).toEqual(rows.map((row) => ({ ...row, count: row.count ?? null, big: String(row.big) })))
})

it('inserts nothing for no rows', async () => {
  expect(await insert([])).toBe(0)
})

it.each([1, 3])('keeps every value of %i rows that say the same', async (count) => {
  const row: Row = {
    ...{ words: '{"a\\b"}', count: undefined, big: 7n, yes: false, at: new Date('2026-11-21T12:34:56.789Z') },
    ...{ json: ['\\x00', null], bytes: Buffer.from([0, 34, 92, 255]) },
  }
  await client.query('TRUNCATE "row"')
  expect(await insert(Array.from({ length: count }, () => row))).toBe(count)
  const found = await client.query<Record<keyof Row, unknown>>('SELECT * FROM "row"')
  expect(found.rows).toEqual(Array.from({ length: count }, () => ({ ...row, count: null, big: '7' })))
})

async function insert(rows: Row[]): Promise<number | null> {
  const { insert, values } = insertRows('"row"', columns, rows)
  return (await client.query(insert, values)).rowCount
}
