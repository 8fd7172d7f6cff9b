import type { Message } from '@weir/contracts'

export type { Message }

/** A message with its place in the log. Offsets are dense but for what compaction or retention removed. */
export interface Delivered extends Message {
  topic: string
  partition: number
  offset: bigint
}

/** Messages of one partition, offsets ascending. */
export interface Batch {
  topic: string
  partition: number
  messages: Delivered[]
}

/** What a handler throws when a message can never be handled: it goes to `<topic>.dead-letter`, the rest goes on. */
export class PoisonedMessage extends Error {
  constructor(
    readonly delivered: Delivered,
    readonly reason: string,
  ) {
    super(`${delivered.topic}/${delivered.partition}@${delivered.offset} cannot be handled: ${reason}`)
    this.name = 'PoisonedMessage'
  }
}

/** The bus did not acknowledge. The messages may or may not be on it: publish them again, consumers tell copies by `ce_id`. */
export class BusUnavailable extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.name = 'BusUnavailable'
  }
}

/** A running consumer, one member of its group. */
export interface Subscription {
  /** Stops taking batches, waits for those at hand (bounded), commits their positions and leaves the group. */
  close(): Promise<void>
  /** Messages on its topics that its group has not committed yet, whichever member has them. */
  lag(): Promise<number>
}

export interface SubscribeOptions {
  /** Each group gets every message once, its members share the partitions. A new group starts at the oldest message. */
  group: string
  topics: string[]
  /** Default 2,000. */
  maxBatchSize?: number
  /**
   * Must be idempotent: a batch is delivered at least once. Its position is committed after this resolves.
   * Throwing {@link PoisonedMessage} sets that message aside; any other error has the batch delivered again,
   * with a delay, for ever.
   */
  handle(batch: Batch): Promise<void>
}

/** A message to publish; its value may be UTF-8 as it was found. */
export interface OutgoingMessage extends Omit<Message, 'value'> {
  value: string | Buffer
}

/** Who publishes, and no more. */
export interface Publisher {
  /**
   * One attempt: resolves when the messages are durable. Order per key is kept within a call and between calls
   * that are awaited one after another. Retrying is the caller's, who knows in which order.
   * @throws BusUnavailable when they were not acknowledged.
   */
  publish(topic: string, messages: OutgoingMessage[]): Promise<void>
  /** Closes its connections. */
  close(): Promise<void>
}

/** An ordered log with consumer groups. */
export interface Bus extends Publisher {
  /** Succeeds when the bus is down too; delivery then begins when it is back. */
  subscribe(options: SubscribeOptions): Promise<Subscription>
  /** Creates every topic of the event table and its dead-letter topic. Idempotent, and safe to run concurrently. */
  provision(): Promise<void>
  /** Whether the bus answers now. Never rejects. */
  ready(): Promise<boolean>
  /** Closes its subscriptions, then its connections. */
  close(): Promise<void>
}

/** Exactly one of `kafkaBrokers` and `databaseUrl` is used; Kafka wins. */
export interface BusConfig {
  kafkaBrokers?: string[]
  databaseUrl?: string
  /** Says in the broker's logs and in `pg_stat_activity` who it is. */
  clientId: string
  /** Default: nothing is logged. */
  log?: BusLog
}

/** The configuration names neither Kafka brokers nor a database. */
export class NoBus extends Error {
  override name = 'NoBus'

  constructor() {
    super('the bus needs WEIR_KAFKA_BROKERS or WEIR_BUS_DATABASE_URL: neither is set')
  }
}

export const silent: BusLog = { info: () => undefined, warn: () => undefined }

/** Where a bus reports what goes wrong in the background; a pino logger is one. */
export interface BusLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}
