import type { Pool } from 'pg'
import type { Delivered } from '../bus.js'

/** From where to read a partition. */
export interface FetchFrom {
  topic: string
  topicId: number
  partition: number
  nextOffset: bigint
}

/**
 * Reads the next messages of several partitions in one round trip.
 * @returns one list for each of `from`, in its order; at most `limit` messages each.
 */
export async function fetchMessages(pool: Pool, from: FetchFrom[], limit: number): Promise<Delivered[][]> {
  // Not a named statement: its cached plan would be one for the empty table that it was made on.
  const { rows } = await pool.query<{
    nth: number
    offset: string
    key: string
    value: string
    headers: string
  }>(
    `SELECT f.nth::int, m."offset", m.key, m.value, m.headers
     FROM unnest($1::int[], $2::int[], $3::bigint[]) WITH ORDINALITY AS f(topic_id, partition, next_offset, nth)
     CROSS JOIN LATERAL (
       SELECT "offset", key, value, headers FROM bus.message
       WHERE topic_id = f.topic_id AND partition = f.partition AND "offset" >= f.next_offset
       ORDER BY "offset" LIMIT $4
     ) m`,
    [
      from.map(({ topicId }) => topicId),
      from.map(({ partition }) => partition),
      from.map(({ nextOffset }) => nextOffset.toString()),
      limit,
    ],
  )
  const fetched: Delivered[][] = from.map(() => [])
  // They come by partition and in order, though nobody promises it; to sort them there would be to copy all of them.
  for (const { nth, offset, key, value, headers } of rows) {
    const { topic, partition } = from[nth - 1]!
    fetched[nth - 1]!.push({
      topic,
      partition,
      offset: BigInt(offset),
      key,
      value,
      headers: JSON.parse(headers) as Record<string, string>,
    })
  }
  for (const messages of fetched) {
    const isInOrder = messages.every(({ offset }, at) => at === 0 || messages[at - 1]!.offset < offset)
    if (!isInOrder) messages.sort((a, b) => (a.offset < b.offset ? -1 : 1))
  }
  return fetched
}
