import type { Pool } from 'pg'
import type { Bus, OutgoingMessage, SubscribeOptions, Subscription } from '../bus.js'
import { withCounts, withLag } from '../consumer-metrics.js'
import { atMost } from '../pause.js'
import { reasonOf } from '../reason.js'
import { topicsOfEvents, type Topic } from '../topics.js'
import { connectionOf, openPool, type PostgresConnection } from './connection.js'
import { PostgresPublisher } from './publisher.js'
import { removeOldMessages } from './retention.js'
import { provisionTopics } from './schema.js'
import { defaultTimes, PostgresSubscription, type SubscriptionTimes } from './subscription.js'

/** How often the process looks for messages to remove. */
const cleaningMs = 10 * 60 * 1000

export interface PostgresBusOptions extends PostgresConnection {
  /** Default: those of the event table. */
  topics?: Topic[]
  times?: Partial<SubscriptionTimes>
}

/** The bus as an ordered log in PostgreSQL, schema `bus`: the embedded default. */
export class PostgresBus implements Bus {
  private readonly pool: Pool
  private readonly publisher: PostgresPublisher
  private readonly subscriptions = new Set<PostgresSubscription>()
  private cleaning: NodeJS.Timeout | undefined

  constructor(private readonly options: PostgresBusOptions) {
    this.pool = openPool(options)
    this.publisher = new PostgresPublisher(this.pool)
  }

  publish(topic: string, messages: OutgoingMessage[]): Promise<void> {
    return this.publisher.publish(topic, messages)
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const { clientId, log, times } = this.options
    const subscription = new PostgresSubscription({
      ...withCounts(options),
      client: connectionOf(this.options),
      pool: this.pool,
      publisher: this.publisher,
      clientId,
      log,
      times: { ...defaultTimes, ...times },
    })
    this.subscriptions.add(subscription)
    this.startCleaning()
    return withLag(options.group, {
      lag: () => subscription.lag(),
      close: async () => {
        this.subscriptions.delete(subscription)
        await subscription.close()
      },
    })
  }

  async provision(): Promise<void> {
    const client = await this.pool.connect()
    // The statement at hand fails as well, and is what tells the caller.
    let broken: Error | undefined
    const onError = (error: Error) => (broken = error)
    client.on('error', onError)
    try {
      await provisionTopics(client, this.options.topics ?? topicsOfEvents())
    } finally {
      client.off('error', onError)
      client.release(broken)
    }
  }

  async ready(): Promise<boolean> {
    const answer = await atMost(2_000, this.pool.query('SELECT FROM bus.topic LIMIT 1')).catch(
      () => undefined,
    )
    return answer?.rowCount === 1
  }

  async close(): Promise<void> {
    clearInterval(this.cleaning)
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()))
    await this.publisher.close()
  }

  /** Processes that only publish do not clean. */
  private startCleaning(): void {
    this.cleaning ??= setInterval(() => {
      removeOldMessages(connectionOf(this.options)).catch((error: unknown) =>
        this.options.log.warn(
          { reason: reasonOf(error) },
          'could not remove old messages from the bus in PostgreSQL',
        ),
      )
    }, cleaningMs).unref()
  }
}
