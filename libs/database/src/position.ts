import type { EntityManager } from 'typeorm'

/**
 * Records, in the transaction that applies a batch, how far a group has come. It is for operators
 * and audits: what was counted is told by event ids, since offsets start anew when a topic does.
 */
export async function savePosition(
  manager: EntityManager,
  group: string,
  batch: { topic: string; partition: number; nextOffset: bigint },
): Promise<void> {
  await manager.query(
    `INSERT INTO consumer_position (consumer_group, topic, partition, next_offset) VALUES ($1, $2, $3, $4)
     ON CONFLICT (consumer_group, topic, partition)
     DO UPDATE SET next_offset = EXCLUDED.next_offset, updated_at = now()`,
    [group, batch.topic, batch.partition, batch.nextOffset.toString()],
  )
}
