import { randomUUID } from 'node:crypto'
import type { ClientConfig, Pool } from 'pg'
import type { BusLog, Delivered, Subscription, SubscribeOptions } from '../bus.js'
import { backoffMs, toDeadLetter, type Sink } from '../delivery.js'
import { atMost, pause } from '../pause.js'
import { reasonOf } from '../reason.js'
import { deadLetterTopic } from '../topics.js'
import { fetchMessages } from './fetch.js'
import { GroupSession, type GroupListener } from './group-session.js'
import { commitPosition, lagOf } from './position.js'
import { keyOf, Membership, type Share } from './membership.js'
import { OwnedPartition } from './owned-partition.js'
import type { PostgresPublisher } from './publisher.js'
import { Signal } from './signal.js'

/** Times of a subscription, in milliseconds. */
export interface SubscriptionTimes {
  heartbeatMs: number
  /** How long a member that cannot be reached keeps its partitions; one whose session ended loses them at once. */
  leaseMs: number
  /** How often to look for messages without having been notified. */
  pollMs: number
  /** How long `close` waits for the handlers at work. */
  closeMs: number
}

export const defaultTimes: SubscriptionTimes = {
  heartbeatMs: 1_000,
  leaseMs: 10_000,
  pollMs: 2_000,
  closeMs: 10_000,
}

/** What a transaction costs beside its messages is shared by so many, when so many wait. */
const defaultBatchSize = 2_000

export interface PostgresSubscriptionOptions extends SubscribeOptions {
  /** Connection of its session. */
  client: ClientConfig
  pool: Pool
  publisher: PostgresPublisher
  clientId: string
  log: BusLog
  times: SubscriptionTimes
}

/** A member of a consumer group: hands out what its partitions have, each partition on its own. */
export class PostgresSubscription implements Subscription, GroupListener {
  private readonly memberId = randomUUID()
  private readonly partitions = new Map<string, OwnedPartition>()
  private readonly membership: Membership
  private readonly session: GroupSession
  private readonly mayHaveMore = new Signal()
  private readonly closing = new AbortController()
  private readonly handingOut: Promise<void>
  /** Grows when any partition may have new messages. */
  private round = 0
  private closed: Promise<void> | undefined

  constructor(private readonly options: PostgresSubscriptionOptions) {
    const { group, topics, clientId, times, client, log } = options
    this.membership = new Membership({
      memberId: this.memberId,
      group,
      topics,
      clientId,
      leaseMs: times.leaseMs,
    })
    this.session = new GroupSession({
      client,
      membership: this.membership,
      group,
      heartbeatMs: times.heartbeatMs,
      leaseMs: times.leaseMs,
      log,
      listener: this,
    })
    this.handingOut = this.handOut()
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown()
    return this.closed
  }

  lag(): Promise<number> {
    return lagOf(this.options.pool, this.options.group, this.options.topics)
  }

  held(): OwnedPartition[] {
    return [...this.partitions.values()]
  }

  onPublished(topic: string): void {
    if (!this.options.topics.includes(topic)) return
    this.round++
    this.mayHaveMore.raise()
  }

  onLost(): void {
    for (const partition of this.held()) {
      partition.stop('lost')
      if (!partition.work) this.partitions.delete(keyOf(partition))
    }
  }

  onShare({ claimed, lost, wanted, topics }: Share): boolean {
    for (const { topicId, partition } of lost) {
      const held = this.partitions.get(keyOf({ topicId, partition }))
      held?.stop('lost')
      if (held && !held.work) this.letGo(held)
    }
    const names = new Map(topics.map(({ topicId, name }) => [topicId, name]))
    for (const claim of claimed) {
      this.partitions.set(keyOf(claim), new OwnedPartition(claim, names.get(claim.topicId)!))
    }
    const isWanted = new Set(wanted.map(keyOf))
    for (const partition of this.held()) {
      if (isWanted.has(keyOf(partition)) || partition.state !== 'owned') continue
      partition.stop('revoked')
      if (!partition.work) this.letGo(partition)
    }
    this.mayHaveMore.raise()
    const areAllProvisioned = this.options.topics.every((topic) => topics.some(({ name }) => name === topic))
    return (
      areAllProvisioned &&
      wanted.every((partition) => this.partitions.get(keyOf(partition))?.state === 'owned')
    )
  }

  private async shutDown(): Promise<void> {
    const { times, pool } = this.options
    this.closing.abort()
    this.session.beginClose()
    this.mayHaveMore.raise()
    await this.handingOut
    for (const partition of this.held()) partition.stop('revoked')
    // The lease is kept until here, so that no other member begins what this one still does.
    await atMost(times.closeMs, Promise.all(this.held().map(async ({ work }) => work)))
    await atMost(2_000, this.session.end())
    // When the database is away, the end of the session tells the others as much.
    await atMost(2_000, this.membership.leave(pool)).catch(() => undefined)
  }

  /** Hands out messages of partitions that are not at work, whenever there may be some. */
  private async handOut(): Promise<void> {
    const { pool, log, group, times, maxBatchSize = defaultBatchSize } = this.options
    let failures = 0
    while (!this.closing.signal.aborted) {
      const seen = this.mayHaveMore.count
      const round = this.round
      const ready = this.held().filter((p) => p.state === 'owned' && !p.work && p.checkedRound < round)
      try {
        const fetched = ready.length > 0 ? await fetchMessages(pool, ready, maxBatchSize) : []
        ready.forEach((partition, at) => {
          const messages = fetched[at]!
          partition.checkedRound = messages.length === maxBatchSize ? -1 : round
          this.begin(partition, messages)
        })
        failures = 0
      } catch (error) {
        log.warn(
          { reason: reasonOf(error), group },
          'cannot fetch from the bus in PostgreSQL, consuming waits',
        )
        await pause(backoffMs(++failures), this.closing.signal)
        continue
      }
      if (!(await this.mayHaveMore.wait(seen, times.pollMs))) this.round++
    }
  }

  private begin(partition: OwnedPartition, messages: Delivered[]): void {
    const isStillOwned =
      partition.state === 'owned' && this.session.hasLease() && !this.closing.signal.aborted
    if (messages.length === 0 || !isStillOwned) return
    const { group, log } = this.options
    const { topic, partition: number } = partition
    partition.work = partition
      .run(messages, this.sink(partition), (error, failures) =>
        log.warn(
          { err: error, group, topic, partition: number, failures },
          'a batch was not handled, it is delivered again',
        ),
      )
      .then(() => {
        partition.work = undefined
        if (partition.state !== 'owned') this.letGo(partition)
        this.mayHaveMore.raise()
      })
  }

  /** What this member no longer holds is released, or claimed anew, when its share is next looked at. */
  private letGo(partition: OwnedPartition): void {
    if (this.partitions.get(keyOf(partition)) === partition) this.partitions.delete(keyOf(partition))
    this.session.rebalance()
  }

  private sink(owned: OwnedPartition): Sink {
    const { publisher, pool, group, log } = this.options
    const { topic, partition } = owned
    return {
      handle: (batch) => this.options.handle(batch),
      commit: (nextOffset) => commitPosition(pool, { group, memberId: this.memberId, owned, nextOffset }),
      async deadLetter(poisoned) {
        await publisher.publish(deadLetterTopic(topic), [toDeadLetter(poisoned, group)])
        const { offset } = poisoned.delivered
        log.warn(
          { group, topic, partition, offset: String(offset), reason: poisoned.reason },
          'a message was set aside',
        )
      },
    }
  }
}
