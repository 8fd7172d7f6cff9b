import { type Bus, type BusConfig, NoBus, silent } from './bus.js'
import { KafkaBus } from './kafka/kafka-bus.js'
import { PostgresBus } from './postgres/postgres-bus.js'

/**
 * The bus that the configuration asks for. Connects when first used.
 * @throws NoBus when it names neither Kafka brokers nor a database.
 */
export function createBus(config: BusConfig): Bus {
  const { kafkaBrokers = [], databaseUrl, clientId, log = silent } = config
  if (kafkaBrokers.length > 0) return new KafkaBus({ brokers: kafkaBrokers, clientId, log })
  if (databaseUrl) return new PostgresBus({ databaseUrl, clientId, log })
  throw new NoBus()
}
