import type { Admin } from 'kafkajs'

/** Messages on the topics that the group has not committed. */
export async function lagOf(admin: Admin, group: string, topics: string[]): Promise<number> {
  const committed = new Map<string, bigint>()
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId: group, topics })) {
    // -1: the group has committed nothing of it yet.
    for (const { partition, offset } of partitions) committed.set(`${topic}/${partition}`, BigInt(offset))
  }
  let lag = 0n
  for (const topic of topics) {
    for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
      const position = committed.get(`${topic}/${partition}`) ?? -1n
      lag += BigInt(high) - (position < BigInt(low) ? BigInt(low) : position)
    }
  }
  return Number(lag)
}
