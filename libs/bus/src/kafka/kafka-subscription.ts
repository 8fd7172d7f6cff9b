import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import type { Batch, BusLog, Delivered, PoisonedMessage, Subscription, SubscribeOptions } from '../bus.js'
import { backoffMs, deliver, toDeadLetter } from '../delivery.js'
import { atMost, pause } from '../pause.js'
import { reasonOf } from '../reason.js'
import { deadLetterTopic } from '../topics.js'
import type { KafkaPublisher } from './kafka-publisher.js'

/** Times of a subscription, in milliseconds. */
export interface KafkaTimes {
  heartbeatMs: number
  /** A member without a heartbeat for so long is given up. */
  sessionMs: number
  /** How long a rebalance waits for a member's batch at hand. */
  rebalanceMs: number
  /** How long a fetch waits for messages, and so how long a partition that was paused may wait to be fetched. */
  fetchWaitMs: number
  /** How long `close` waits for the handlers at work. */
  closeMs: number
}

export const defaultTimes: KafkaTimes = {
  heartbeatMs: 1_000,
  sessionMs: 10_000,
  rebalanceMs: 30_000,
  fetchWaitMs: 250,
  closeMs: 10_000,
}

const defaultBatchSize = 2_000

/** Longer than a rebalance, or any wait between two heartbeats, takes. */
const watchdogMs = 90_000

/** More than a member has partitions with messages at one time, mostly; each is handled on its own. */
const concurrency = 16

export interface KafkaSubscriptionOptions extends SubscribeOptions {
  kafka: Kafka
  publisher: KafkaPublisher
  log: BusLog
  times: KafkaTimes
  /** Messages that the group has not committed. */
  lag(): Promise<number>
}

/** A member of a consumer group. kafkajs stops for good on some errors, so a new consumer is made then. */
export class KafkaSubscription implements Subscription {
  private readonly closing = new AbortController()
  private readonly running: Promise<void>
  /** Of each partition since it was last handled. */
  private readonly failures = new Map<string, number>()
  /** Grows with each rebalance. */
  private generation = 0
  private closed: Promise<void> | undefined

  constructor(private readonly options: KafkaSubscriptionOptions) {
    this.running = this.keepRunning()
  }

  lag(): Promise<number> {
    return this.options.lag()
  }

  close(): Promise<void> {
    this.closing.abort()
    this.closed ??= atMost(this.options.times.closeMs, this.running).then(() => undefined)
    return this.closed
  }

  private async keepRunning(): Promise<void> {
    const { log, group, topics, times } = this.options
    let failures = 0
    while (!this.closing.signal.aborted) {
      const consumer = this.createConsumer()
      const ended = endOf(consumer, { silenceMs: watchdogMs, signal: this.closing.signal })
      try {
        await consumer.connect()
        await consumer.subscribe({ topics, fromBeginning: true })
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: concurrency,
          eachBatch: (payload) => this.handOut(payload),
        })
        failures = 0
        await ended
      } catch (error) {
        failures++
        log.warn({ reason: reasonOf(error), group }, 'the consumer on Kafka has stopped, it is started again')
      }
      await atMost(times.closeMs, consumer.disconnect()).catch(() => undefined)
      if (failures > 0) await pause(backoffMs(failures), this.closing.signal)
    }
  }

  private createConsumer(): Consumer {
    const { kafka, group, times } = this.options
    const consumer = kafka.consumer({
      groupId: group,
      allowAutoTopicCreation: false,
      sessionTimeout: times.sessionMs,
      heartbeatInterval: times.heartbeatMs,
      rebalanceTimeout: times.rebalanceMs,
      maxWaitTimeInMs: times.fetchWaitMs,
      retry: {
        retries: 5,
        initialRetryTime: 100,
        maxRetryTime: 2_000,
        restartOnFailure: () => Promise.resolve(false),
      },
    })
    consumer.on(consumer.events.GROUP_JOIN, () => void this.generation++)
    return consumer
  }

  /**
   * Handles what was fetched of one partition. When that fails the partition is paused and fetched again
   * later: waiting here would hold up the other partitions of the same broker, since kafkajs fetches the
   * next messages of all when it is done with those of all.
   */
  private async handOut(kafka: EachBatchPayload): Promise<void> {
    const { batch } = kafka
    const { topic, partition } = batch
    const { log, group, publisher, times, maxBatchSize = defaultBatchSize } = this.options
    const { generation } = this
    const partitionKey = `${topic}/${partition}`
    let commitError: unknown
    const commit = async (nextOffset: bigint): Promise<void> => {
      try {
        if (generation !== this.generation) throw new Error('the group was rebalanced meanwhile')
        const offsets = { topics: [{ topic, partitions: [{ partition, offset: String(nextOffset) }] }] }
        await kafka.commitOffsetsIfNecessary(offsets)
        kafka.resolveOffset(String(nextOffset - 1n))
      } catch (error) {
        commitError = error
        throw error
      }
    }
    const deadLetter = async (poisoned: PoisonedMessage): Promise<void> => {
      await publisher.publish(deadLetterTopic(topic), [toDeadLetter(poisoned, group)])
      const { offset } = poisoned.delivered
      log.warn(
        { group, topic, partition, offset: String(offset), reason: poisoned.reason },
        'a message was set aside',
      )
    }
    const handle = (part: Batch): Promise<void> => this.options.handle(part)
    // That the group is rebalancing shows at the next heartbeat after the batch, too.
    const beating = setInterval(() => void kafka.heartbeat().catch(() => undefined), times.heartbeatMs)
    try {
      for (let at = 0; at < batch.messages.length; at += maxBatchSize) {
        if (this.closing.signal.aborted || !kafka.isRunning()) return
        const part = batch.messages
          .slice(at, at + maxBatchSize)
          .map((message) => toDelivered(topic, partition, message))
        await deliver(part, { handle, commit, deadLetter })
        this.failures.delete(partitionKey)
      }
    } catch (error) {
      if (error === commitError) throw error
      const failures = (this.failures.get(partitionKey) ?? 0) + 1
      this.failures.set(partitionKey, failures)
      log.warn(
        { err: error, group, topic, partition, failures },
        'a batch was not handled, it is delivered again',
      )
      setTimeout(kafka.pause(), backoffMs(failures))
    } finally {
      clearInterval(beating)
    }
  }
}

function toDelivered(topic: string, partition: number, message: KafkaMessage): Delivered {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value
    if (last !== undefined) headers[name] = last.toString()
  }
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString() ?? '',
    value: message.value?.toString() ?? '',
    headers,
  }
}

/** Resolves when `signal` is aborted; rejects when the consumer has crashed, or shows no sign of life. */
function endOf(
  consumer: Consumer,
  { silenceMs, signal }: { silenceMs: number; signal: AbortSignal },
): Promise<void> {
  const { CRASH, FETCH, HEARTBEAT, GROUP_JOIN } = consumer.events
  const ended = new Promise<void>((resolve, reject) => {
    let lastSignAt = Date.now()
    const watchdog = setInterval(() => {
      if (Date.now() - lastSignAt > silenceMs) fail(new Error(`no sign of life for ${silenceMs / 1000} s`))
    }, silenceMs / 10)
    const fail = (error: Error): void => {
      clearInterval(watchdog)
      reject(error)
    }
    for (const event of [FETCH, HEARTBEAT, GROUP_JOIN] as const)
      consumer.on(event, () => void (lastSignAt = Date.now()))
    consumer.on(CRASH, ({ payload }) => fail(payload.error))
    const finish = (): void => {
      clearInterval(watchdog)
      resolve()
    }
    if (signal.aborted) finish()
    else signal.addEventListener('abort', finish, { once: true })
  })
  ended.catch(() => undefined)
  return ended
}
