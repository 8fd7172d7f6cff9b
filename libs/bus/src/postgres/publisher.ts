import type { Pool } from 'pg'
import { BusUnavailable, type OutgoingMessage, type Publisher } from '../bus.js'
import { partitionOf } from '../murmur2.js'
import { atMost } from '../pause.js'
import { reasonOf } from '../reason.js'
import { intArray, textArray } from './binary-array.js'
import { topicOnChannel } from './channels.js'

/**
 * One statement, so one round trip and one transaction. Heads are locked in the order of partitions before
 * any is updated: two publishers cannot wait for one another. A message without a head gets a null offset,
 * which the table refuses, so that nothing is dropped in silence.
 */
const publishStatement = `
WITH input AS MATERIALIZED (
  SELECT partition, key, value, headers, row_number() OVER (PARTITION BY partition ORDER BY nth) - 1 AS step
  FROM unnest($5::int[], $4::text[], $3::text[], $2::text[]) WITH ORDINALITY AS i(partition, key, value, headers, nth)
),
amount AS MATERIALIZED (SELECT partition, count(*) AS messages FROM input GROUP BY partition),
locked AS MATERIALIZED (
  SELECT p.topic_id, p.partition
  FROM bus.partition p JOIN bus.topic t ON t.id = p.topic_id
  WHERE t.name = $1 AND p.partition IN (SELECT partition FROM amount)
  ORDER BY p.partition
  FOR UPDATE OF p
),
head AS (
  UPDATE bus.partition p SET next_offset = p.next_offset + a.messages
  FROM locked l JOIN amount a USING (partition)
  WHERE p.topic_id = l.topic_id AND p.partition = l.partition
  RETURNING p.topic_id, p.partition, p.next_offset - a.messages AS first_offset
),
added AS (
  INSERT INTO bus.message (topic_id, partition, "offset", key, value, headers)
  SELECT h.topic_id, i.partition, h.first_offset + i.step, i.key, i.value, i.headers
  FROM input i LEFT JOIN head h USING (partition)
)
SELECT pg_notify('${topicOnChannel}', $1)`

/** Appends messages to the log. */
export class PostgresPublisher implements Publisher {
  private readonly partitionCounts = new Map<string, number>()

  constructor(private readonly pool: Pool) {}

  /** @throws BusUnavailable when the database did not commit, or the topic is not provisioned. */
  async publish(topic: string, messages: OutgoingMessage[]): Promise<void> {
    if (messages.length === 0) return
    try {
      const partitions = await this.partitionsOf(topic)
      await this.pool.query({
        name: 'weir-bus-publish',
        text: publishStatement,
        // The large ones first: `pg` copies them into one buffer that it makes larger for each that has no room.
        values: [
          topic,
          textArray(messages.map(({ headers }) => JSON.stringify(headers))),
          textArray(messages.map(({ value }) => value)),
          textArray(messages.map(({ key }) => key)),
          intArray(messages.map(({ key }) => partitionOf(key, partitions))),
        ],
      })
    } catch (error) {
      this.partitionCounts.delete(topic)
      if (error instanceof BusUnavailable) throw error
      throw new BusUnavailable(
        `PostgreSQL did not take ${messages.length} messages for ${topic}: ${reasonOf(error)}`,
        {
          cause: error,
        },
      )
    }
  }

  async close(): Promise<void> {
    await atMost(2_000, this.pool.end())
  }

  private async partitionsOf(topic: string): Promise<number> {
    const known = this.partitionCounts.get(topic)
    if (known !== undefined) return known
    const { rows } = await this.pool.query<{ partitions: number }>(
      'SELECT partitions FROM bus.topic WHERE name = $1',
      [topic],
    )
    const partitions = rows[0]?.partitions
    if (partitions === undefined) throw new BusUnavailable(`topic ${topic} is not provisioned`)
    this.partitionCounts.set(topic, partitions)
    return partitions
  }
}
