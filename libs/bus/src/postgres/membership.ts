import type { Client, ClientBase, Pool } from 'pg'
import { partitionsFor, type AssignableTopic, type Member, type PartitionId } from './assignment.js'
import { groupOnChannel } from './channels.js'

/** A partition that a member owns, or did. */
export interface Holding extends PartitionId {
  /** To be shown at each commit. */
  epoch: bigint
}

/** A partition that this member has just become the owner of. */
export interface Claim extends Holding {
  nextOffset: bigint
}

/** What a rebalance came to, from this member's side. */
export interface Share {
  claimed: Claim[]
  /** What it held and does no longer own: it was taken for dead meanwhile. */
  lost: PartitionId[]
  /** What it is to have, whether it has it yet or another member must let go first. */
  wanted: PartitionId[]
  topics: AssignableTopic[]
}

export interface MembershipOptions {
  memberId: string
  group: string
  topics: string[]
  clientId: string
  /** A member without a heartbeat for so long is taken for dead. */
  leaseMs: number
}

/**
 * Of `bus.member m`; `$3` is the lease in milliseconds. When a session started is hidden from other roles,
 * and then its process id has to do.
 */
const isDead = `(m.heartbeat_at < clock_timestamp() - $3 * interval '1 ms' OR NOT EXISTS (
  SELECT FROM pg_stat_activity a
  WHERE a.pid = m.backend_pid AND COALESCE(a.backend_start, m.backend_started_at) = m.backend_started_at))`

/**
 * One member's side of a consumer group: heartbeats, who else is alive, and which partitions are its own.
 * A member is dead when its session is (at once, for a killed process) or its lease has run out (for one
 * that cannot be reached).
 */
export class Membership {
  private knownMembers = ''

  constructor(private readonly options: MembershipOptions) {}

  /** Renews the lease. @returns whether the group is not as it was at the last rebalance, so that one is due. */
  async beat(client: ClientBase): Promise<boolean> {
    const { rows } = await client.query<{ is_member: boolean; members: string | null; has_dead: boolean }>(
      `WITH beat AS (UPDATE bus.member SET heartbeat_at = clock_timestamp() WHERE id = $1 RETURNING id)
       SELECT EXISTS (SELECT FROM beat) AS is_member, string_agg(m.id::text, ',' ORDER BY m.id) AS members,
         COALESCE(bool_or(m.id <> $1 AND ${isDead}), false) AS has_dead
       FROM bus.member m WHERE m.consumer_group = $2`,
      [this.options.memberId, this.options.group, this.options.leaseMs],
    )
    const state = rows[0]!
    return !state.is_member || state.has_dead || state.members !== this.knownMembers
  }

  /**
   * Joins when need be, drops the dead, releases what this member no longer holds, and claims what is to be
   * its own and nobody has. `held` is left alone, as it may be at work here.
   */
  async rebalance(client: Client, held: Holding[]): Promise<Share> {
    const { memberId, group } = this.options
    await client.query('BEGIN')
    try {
      await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('weir bus group ' || $1, 0))`, [
        group,
      ])
      const hasChanged = await this.enrol(client)
      const members = await this.members(client)
      const topics = await this.topics(client)
      const wanted = partitionsFor(memberId, members, topics)
      const isHeld = new Set(held.map(keyOf))
      const hasReleased = await this.releaseAllBut(client, held)
      const owned = await this.owned(client)
      const lost = held.filter((partition) => owned.get(keyOf(partition)) !== partition.epoch)
      const claimed = await this.claim(
        client,
        wanted.filter((partition) => !isHeld.has(keyOf(partition))),
      )
      if (hasChanged || hasReleased) await client.query('SELECT pg_notify($1, $2)', [groupOnChannel, group])
      await client.query('COMMIT')
      this.knownMembers = members.map(({ id }) => id).join(',')
      return { claimed, lost, wanted, topics }
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  /** Leaves the group with all that it holds. */
  async leave(client: ClientBase | Pool): Promise<void> {
    await client.query(
      `WITH released AS (UPDATE bus.position SET owner = NULL WHERE consumer_group = $1 AND owner = $2),
            gone AS (DELETE FROM bus.member WHERE id = $2)
       SELECT pg_notify($3, $1)`,
      [this.options.group, this.options.memberId, groupOnChannel],
    )
  }

  /** @returns whether the group's members are others than before. */
  private async enrol(client: ClientBase): Promise<boolean> {
    const { memberId, group, topics, clientId, leaseMs } = this.options
    const { rows } = await client.query<{ is_new: boolean }>(
      `INSERT INTO bus.member (id, consumer_group, topics, client_id, backend_pid, backend_started_at, heartbeat_at)
       SELECT $1, $2, $3, $4, pid, backend_start, clock_timestamp() FROM pg_stat_activity WHERE pid = pg_backend_pid()
       ON CONFLICT (id) DO UPDATE SET backend_pid = EXCLUDED.backend_pid,
         backend_started_at = EXCLUDED.backend_started_at, heartbeat_at = EXCLUDED.heartbeat_at
       RETURNING xmax = 0 AS is_new`,
      [memberId, group, topics, clientId],
    )
    const { rowCount: dead } = await client.query(
      `DELETE FROM bus.member m WHERE m.consumer_group = $2 AND m.id <> $1 AND ${isDead}`,
      [memberId, group, leaseMs],
    )
    return Boolean(rows[0]?.is_new) || Boolean(dead)
  }

  private async members(client: ClientBase): Promise<Member[]> {
    const { rows } = await client.query<Member>(
      'SELECT id, topics FROM bus.member WHERE consumer_group = $1 ORDER BY id',
      [this.options.group],
    )
    return rows
  }

  private async topics(client: ClientBase): Promise<AssignableTopic[]> {
    const { rows } = await client.query<AssignableTopic>(
      `SELECT DISTINCT t.id AS "topicId", t.name, t.partitions
       FROM bus.topic t JOIN bus.member m ON m.consumer_group = $1 AND t.name = ANY (m.topics)`,
      [this.options.group],
    )
    return rows
  }

  /** Epochs of what it owns, by key. */
  private async owned(client: ClientBase): Promise<Map<string, bigint>> {
    const { rows } = await client.query<PartitionId & { epoch: string }>(
      `SELECT topic_id AS "topicId", partition, epoch FROM bus.position WHERE consumer_group = $1 AND owner = $2`,
      [this.options.group, this.options.memberId],
    )
    return new Map(rows.map((row) => [keyOf(row), BigInt(row.epoch)]))
  }

  private async releaseAllBut(client: ClientBase, held: PartitionId[]): Promise<boolean> {
    const { rowCount } = await client.query(
      `UPDATE bus.position p SET owner = NULL WHERE p.consumer_group = $1 AND p.owner = $2 AND NOT EXISTS (
         SELECT FROM unnest($3::int[], $4::int[]) AS h(topic_id, partition)
         WHERE h.topic_id = p.topic_id AND h.partition = p.partition)`,
      [
        this.options.group,
        this.options.memberId,
        held.map(({ topicId }) => topicId),
        held.map(({ partition }) => partition),
      ],
    )
    return Boolean(rowCount)
  }

  /** A group without a position starts at the oldest message there is. */
  private async claim(client: ClientBase, partitions: PartitionId[]): Promise<Claim[]> {
    if (partitions.length === 0) return []
    const { group, memberId } = this.options
    const values = [
      group,
      partitions.map(({ topicId }) => topicId),
      partitions.map(({ partition }) => partition),
    ]
    await client.query(
      `INSERT INTO bus.position (consumer_group, topic_id, partition, next_offset)
       SELECT $1, p.topic_id, p.partition, COALESCE(
         (SELECT "offset" FROM bus.message m WHERE m.topic_id = p.topic_id AND m.partition = p.partition
          ORDER BY "offset" LIMIT 1), p.next_offset)
       FROM bus.partition p JOIN unnest($2::int[], $3::int[]) AS w(topic_id, partition) USING (topic_id, partition)
       ON CONFLICT DO NOTHING`,
      values,
    )
    const { rows } = await client.query<{
      topic_id: number
      partition: number
      next_offset: string
      epoch: string
    }>(
      `UPDATE bus.position p SET owner = $4, epoch = p.epoch + 1
       FROM unnest($2::int[], $3::int[]) AS w(topic_id, partition)
       WHERE p.consumer_group = $1 AND p.topic_id = w.topic_id AND p.partition = w.partition
         AND (p.owner IS NULL
           OR NOT EXISTS (SELECT FROM bus.member m WHERE m.id = p.owner AND m.consumer_group = $1))
       RETURNING p.topic_id, p.partition, p.next_offset, p.epoch`,
      [...values, memberId],
    )
    return rows.map(({ topic_id, partition, next_offset, epoch }) => ({
      topicId: topic_id,
      partition,
      nextOffset: BigInt(next_offset),
      epoch: BigInt(epoch),
    }))
  }
}

/** Key of a partition in sets and maps. */
export function keyOf({ topicId, partition }: PartitionId): string {
  return `${topicId}/${partition}`
}
