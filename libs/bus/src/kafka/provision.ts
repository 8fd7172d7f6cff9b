import type { Admin } from 'kafkajs'
import { retentionMs, type Topic } from '../topics.js'

/** Copies of each partition, where there are so many brokers. */
const replicas = 3

/** Creates what is missing of the topics; existing ones are left as their operator set them. */
export async function provisionTopics(admin: Admin, topics: Topic[]): Promise<void> {
  const { brokers } = await admin.describeCluster()
  const present = new Set(await admin.listTopics())
  const missing = topics.filter(({ name }) => !present.has(name))
  if (missing.length === 0) return
  const replicationFactor = Math.min(replicas, brokers.length)
  // Resolves when another process has created them meanwhile, too.
  await admin.createTopics({
    waitForLeaders: true,
    topics: missing.map((topic) => ({
      topic: topic.name,
      numPartitions: topic.partitions,
      replicationFactor,
      configEntries: [
        // With three copies, an acknowledged message survives the loss of any one broker.
        { name: 'min.insync.replicas', value: String(Math.max(1, replicationFactor - 1)) },
        ...(topic.compacted
          ? [{ name: 'cleanup.policy', value: 'compact' }]
          : [{ name: 'retention.ms', value: String(topic.permanent ? -1 : retentionMs) }]),
      ],
    })),
  })
}
