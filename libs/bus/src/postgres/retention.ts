import { Client, type ClientConfig } from 'pg'
import { retentionMs } from '../topics.js'

/** Any number, the same in every process: one cleaner at a time. */
const retentionLock = 7_305_121_002

/** Rows in one statement, so that no transaction is long. */
const chunk = 10_000

/** A compaction reads a whole topic. */
const timeoutMs = 120_000

/** Up to where every group has consumed a partition; everything, where no group is. */
const consumed = `COALESCE(
  (SELECT min(c.next_offset) FROM bus.position c WHERE c.topic_id = p.topic_id AND c.partition = p.partition), p.next_offset)`

/**
 * Removes what every group has consumed: messages older than `maxAgeMs`, and on compacted topics those that
 * a later one of the same key replaces. A group that is no longer used holds messages back until its rows in
 * `bus.position` are deleted.
 * @returns how many were removed; 0 when another process is at it.
 */
export async function removeOldMessages(connection: ClientConfig, maxAgeMs = retentionMs): Promise<number> {
  const client = new Client({ ...connection, query_timeout: timeoutMs, statement_timeout: timeoutMs })
  // A connection that breaks would otherwise end the process; the statement at hand fails as well.
  client.on('error', () => undefined)
  await client.connect()
  try {
    // Held until the connection ends.
    const { rows } = await client.query<{ locked: boolean }>(
      `SELECT pg_try_advisory_lock(${retentionLock}) AS locked`,
    )
    return rows[0]!.locked ? (await removeByAge(client, maxAgeMs)) + (await compact(client)) : 0
  } finally {
    await client.end()
  }
}

async function removeByAge(client: Client, maxAgeMs: number): Promise<number> {
  const { rows: partitions } = await client.query<{ topic_id: number; partition: number; consumed: string }>(
    `SELECT p.topic_id, p.partition, ${consumed} AS consumed
     FROM bus.partition p JOIN bus.topic t ON t.id = p.topic_id WHERE NOT t.permanent`,
  )
  let removed = 0
  for (const { topic_id, partition, consumed } of partitions) {
    for (let isMore = true; isMore;) {
      // Offsets and ages ascend together, so only the oldest need be looked at.
      const { rowCount } = await client.query(
        `DELETE FROM bus.message m USING (
           SELECT "offset" FROM bus.message WHERE topic_id = $1 AND partition = $2 AND "offset" < $3
           ORDER BY "offset" LIMIT ${chunk}) old
         WHERE m.topic_id = $1 AND m.partition = $2 AND m."offset" = old."offset"
           AND m.published_at < now() - $4 * interval '1 ms'`,
        [topic_id, partition, consumed, maxAgeMs],
      )
      removed += rowCount ?? 0
      isMore = rowCount === chunk
    }
  }
  return removed
}

async function compact(client: Client): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM bus.message m USING (
       SELECT p.topic_id, p.partition, later.key, max(later."offset") AS latest, ${consumed} AS consumed
       FROM bus.partition p JOIN bus.topic t ON t.id = p.topic_id AND t.compacted
       JOIN bus.message later ON later.topic_id = p.topic_id AND later.partition = p.partition
       GROUP BY p.topic_id, p.partition, later.key
     ) kept
     WHERE m.topic_id = kept.topic_id AND m.partition = kept.partition AND m.key = kept.key
       AND m."offset" < kept.latest AND m."offset" < kept.consumed`,
  )
  return rowCount ?? 0
}
