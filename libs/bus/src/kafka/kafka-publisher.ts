import { Partitioners, type Kafka, type Producer } from 'kafkajs'
import { BusUnavailable, type OutgoingMessage, type Publisher } from '../bus.js'
import { reasonOf } from '../reason.js'

/** How long a broker may take to acknowledge; past it the messages count as not acknowledged. */
const acknowledgeMs = 10_000

/** Brokers refuse what is over 1 MB for one partition, and would for ever; all may be for one. */
const requestBytes = 500_000

/** Publishes with `acks=-1`: what is acknowledged is on every replica that is in sync. */
export class KafkaPublisher implements Publisher {
  private readonly producer: Producer
  private connecting: Promise<void> | undefined

  constructor(kafka: Kafka) {
    this.producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      // One request in flight, or a retry of the first could come after the second.
      maxInFlightRequests: 1,
      // Enough to learn of a new leader. The caller retries what is left: by default kafkajs would try for
      // 16 s and reject then, and the caller would have to retry all the same.
      retry: { retries: 1, initialRetryTime: 100, maxRetryTime: 500 },
      // Not idempotent: after a broker has lost its producers' state kafkajs rejects every send, and copies
      // are told by their ids anyway.
      idempotent: false,
    })
  }

  /** @throws BusUnavailable when the brokers did not acknowledge. */
  async publish(topic: string, messages: OutgoingMessage[]): Promise<void> {
    if (messages.length === 0) return
    try {
      await this.connect()
      for (const part of partsOf(messages)) {
        await this.producer.send({ topic, messages: part, acks: -1, timeout: acknowledgeMs })
      }
    } catch (error) {
      throw new BusUnavailable(
        `Kafka did not take ${messages.length} messages for ${topic}: ${reasonOf(error)}`,
        {
          cause: error,
        },
      )
    }
  }

  async close(): Promise<void> {
    await this.connecting?.catch(() => undefined)
    await this.producer.disconnect()
  }

  private connect(): Promise<void> {
    this.connecting ??= this.producer.connect().catch((error: unknown) => {
      this.connecting = undefined
      throw error
    })
    return this.connecting
  }
}

/** The messages in their order, in parts that a broker takes; a message that is larger is a part of its own. */
function* partsOf(messages: OutgoingMessage[]): Generator<OutgoingMessage[]> {
  let from = 0
  let bytes = 0
  for (const [at, { key, value, headers }] of messages.entries()) {
    const size =
      Buffer.byteLength(key) + Buffer.byteLength(value) + Buffer.byteLength(JSON.stringify(headers))
    if (at > from && bytes + size > requestBytes) {
      yield messages.slice(from, at)
      from = at
      bytes = 0
    }
    bytes += size
  }
  yield messages.slice(from)
}
