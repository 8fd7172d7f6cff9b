import type { EntityManager } from 'typeorm'

/**
 * Records, in the transaction that applies batches, how far a group has come. It is for operators
 * and audits: what was counted is told by event ids, since offsets start anew when a topic does.
 * @param batches in the order in which they were read
 */
export async function savePositions(
  manager: EntityManager,
  group: string,
  topic: string,
  batches: readonly { partition: number; nextOffset: bigint }[],
): Promise<void> {
  const next = new Map(batches.map(({ partition, nextOffset }) => [partition, nextOffset.toString()]))
  // In one order, as all rows that transactions lock.
  const sorted = [...next].sort(([a], [b]) => a - b)
  await manager.query(
    `INSERT INTO consumer_position (consumer_group, topic, partition, next_offset)
     SELECT $1, $2, * FROM unnest($3::integer[], $4::bigint[])
     ON CONFLICT (consumer_group, topic, partition)
     DO UPDATE SET next_offset = EXCLUDED.next_offset, updated_at = now()`,
    [group, topic, sorted.map(([partition]) => partition), sorted.map(([, nextOffset]) => nextOffset)],
  )
}
