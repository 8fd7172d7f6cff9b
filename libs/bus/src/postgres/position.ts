import type { Pool } from 'pg'
import { PartitionLost, type OwnedPartition } from './owned-partition.js'

/**
 * Moves a group's position, if the partition is still its owner's.
 * @throws PartitionLost when it is not.
 */
export async function commitPosition(
  pool: Pool,
  {
    group,
    memberId,
    owned,
    nextOffset,
  }: { group: string; memberId: string; owned: OwnedPartition; nextOffset: bigint },
): Promise<void> {
  // No flush to disk: a position that a crash of the database undoes means that a batch comes again, no more.
  const { rowCount } = await pool.query({
    name: 'weir-bus-commit',
    text: `WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
      UPDATE bus.position SET next_offset = $5, updated_at = now() FROM quick
      WHERE consumer_group = $1 AND topic_id = $2 AND partition = $3 AND owner = $4 AND epoch = $6`,
    values: [group, owned.topicId, owned.partition, memberId, nextOffset.toString(), owned.epoch.toString()],
  })
  if (rowCount === 0)
    throw new PartitionLost(`${owned.topic}/${owned.partition} belongs to another member of ${group}`)
}

/** Messages on the topics that the group has not committed. */
export async function lagOf(pool: Pool, group: string, topics: string[]): Promise<number> {
  const { rows } = await pool.query<{ lag: string }>(
    `SELECT COALESCE(sum(p.next_offset - COALESCE(c.next_offset, oldest."offset", p.next_offset)), 0) AS lag
     FROM bus.topic t JOIN bus.partition p ON p.topic_id = t.id
     LEFT JOIN bus.position c ON c.topic_id = p.topic_id AND c.partition = p.partition AND c.consumer_group = $1
     LEFT JOIN LATERAL (
       SELECT "offset" FROM bus.message m WHERE m.topic_id = p.topic_id AND m.partition = p.partition
       ORDER BY "offset" LIMIT 1
     ) oldest ON c.next_offset IS NULL
     WHERE t.name = ANY ($2)`,
    [group, topics],
  )
  return Number(rows[0]!.lag)
}
