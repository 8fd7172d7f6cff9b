import { type BusConfig, NoBus, type Publisher, silent } from './bus.js'

/**
 * The publisher of the bus that the configuration asks for, without what consumes from it: for a thread
 * whose memory has to stay small, since its garbage collector goes through all of it. Connects when first used.
 * @throws NoBus
 */
export async function createPublisher(config: BusConfig): Promise<Publisher> {
  const { kafkaBrokers = [], databaseUrl, clientId, log = silent } = config
  if (kafkaBrokers.length > 0) {
    const { connectKafka } = await import('./kafka/connect-kafka.js')
    const { KafkaPublisher } = await import('./kafka/kafka-publisher.js')
    return new KafkaPublisher(connectKafka({ brokers: kafkaBrokers, clientId, log }))
  }
  if (!databaseUrl) throw new NoBus()
  const { openPool } = await import('./postgres/connection.js')
  const { PostgresPublisher } = await import('./postgres/publisher.js')
  return new PostgresPublisher(openPool({ databaseUrl, clientId, log }))
}
