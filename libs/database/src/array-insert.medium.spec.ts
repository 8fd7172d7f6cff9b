import { createTestDatabase, type TestDatabase } from '@weir/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type InsertColumn, insertFromArrays, toArrays } from './array-insert.js'

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
  await client.query(insertFromArrays('"row"', columns), toArrays(columns, rows))
  const found = await client.query<Record<keyof Row, unknown>>('SELECT * FROM "row"')
  expect(found.rows).toEqual(rows.map((row) => ({ ...row, count: row.count ?? null, big: String(row.big) })))
})

it('inserts nothing for no rows', async () => {
  const { rowCount } = await client.query(insertFromArrays('"row"', columns), toArrays(columns, []))
  expect(rowCount).toBe(0)
})
