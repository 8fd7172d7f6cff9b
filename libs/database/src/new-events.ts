import type { EntityManager } from 'typeorm'
import { type InsertColumn, insertRows } from './array-insert.js'

/**
 * Inserts a row for each event that the table, whose key is `event_id`, does not have yet, in the order of ids:
 * transactions that all lock in one order cannot wait for each other in a circle, and a copy waits for the one
 * that has the first.
 * @param rows of distinct events
 * @returns those that were inserted, in the order given
 */
export async function insertNewEvents<Row>(
  manager: EntityManager,
  table: string,
  columns: InsertColumn<Row>[],
  rows: Row[],
  idOf: (row: Row) => string,
): Promise<Row[]> {
  const sorted = rows.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
  const { insert, values } = insertRows(table, columns, sorted)
  // Hardly ever is there a copy, so the ids are told only then.
  const [{ ids, count } = { ids: null, count: '0' }] = await manager.query<
    { ids: string[] | null; count: string }[]
  >(
    `WITH added AS (${insert} ON CONFLICT (event_id) DO NOTHING RETURNING event_id)
     SELECT CASE WHEN count(*) < ${rows.length} THEN array_agg(event_id::text) END AS ids, count(*) AS count FROM added`,
    values,
  )
  if (Number(count) === rows.length) return rows
  const added = new Set(ids)
  return rows.filter((row) => added.has(idOf(row)))
}
