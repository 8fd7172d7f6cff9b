import type { Admin, Kafka } from 'kafkajs'
import {
  BusUnavailable,
  type Bus,
  type OutgoingMessage,
  type SubscribeOptions,
  type Subscription,
} from '../bus.js'
import { withCounts, withLag } from '../consumer-metrics.js'
import { atMost } from '../pause.js'
import { reasonOf } from '../reason.js'
import { topicsOfEvents, type Topic } from '../topics.js'
import { connectKafka, type KafkaConnection } from './connect-kafka.js'
import { KafkaPublisher } from './kafka-publisher.js'
import { defaultTimes, KafkaSubscription, type KafkaTimes } from './kafka-subscription.js'
import { lagOf } from './lag.js'
import { provisionTopics } from './provision.js'

export interface KafkaBusOptions extends KafkaConnection {
  /** Default: those of the event table. */
  topics?: Topic[]
  times?: Partial<KafkaTimes>
}

/** The bus on Apache Kafka: production. */
export class KafkaBus implements Bus {
  private readonly kafka: Kafka
  private readonly publisher: KafkaPublisher
  private readonly subscriptions = new Set<KafkaSubscription>()
  private admin: Promise<Admin> | undefined

  constructor(private readonly options: KafkaBusOptions) {
    this.kafka = connectKafka(options)
    this.publisher = new KafkaPublisher(this.kafka)
  }

  publish(topic: string, messages: OutgoingMessage[]): Promise<void> {
    return this.publisher.publish(topic, messages)
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const subscription = new KafkaSubscription({
      ...withCounts(options),
      kafka: this.kafka,
      publisher: this.publisher,
      log: this.options.log,
      times: { ...defaultTimes, ...this.options.times },
      lag: () => this.asAdmin((admin) => lagOf(admin, options.group, options.topics)),
    })
    this.subscriptions.add(subscription)
    return withLag(options.group, {
      lag: () => subscription.lag(),
      close: async () => {
        this.subscriptions.delete(subscription)
        await subscription.close()
      },
    })
  }

  async provision(): Promise<void> {
    try {
      await this.asAdmin((admin) => provisionTopics(admin, this.options.topics ?? topicsOfEvents()))
    } catch (error) {
      throw new BusUnavailable(`Kafka did not create the topics: ${reasonOf(error)}`, { cause: error })
    }
  }

  async ready(): Promise<boolean> {
    const cluster = await atMost(
      2_000,
      this.asAdmin((admin) => admin.describeCluster()),
    ).catch(() => undefined)
    return cluster !== undefined && cluster.brokers.length > 0
  }

  async close(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()))
    const admin = this.admin
    await atMost(3_000, Promise.allSettled([this.publisher.close(), admin?.then((one) => one.disconnect())]))
  }

  /** After a failure the next use connects anew: an admin client does not recover by itself from every error. */
  private async asAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    this.admin ??= this.connectAdmin()
    const connected = this.admin
    try {
      return await use(await connected)
    } catch (error) {
      if (this.admin === connected) this.admin = undefined
      void connected.then((admin) => admin.disconnect()).catch(() => undefined)
      throw error
    }
  }

  private async connectAdmin(): Promise<Admin> {
    const admin = this.kafka.admin()
    await admin.connect()
    return admin
  }
}
