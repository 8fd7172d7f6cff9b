import type { Bus, BusConfig } from './bus.js'

/**
 * The bus that the configuration asks for. Connects when first used.
 * @throws Error when it names neither Kafka brokers nor a database.
 */
export function createBus(config: BusConfig): Bus {
  const { kafkaBrokers = [], databaseUrl } = config
  if (kafkaBrokers.length > 0) throw new Error('not yet')
  if (databaseUrl) throw new Error('not yet')
  throw new Error('the bus needs WEIR_KAFKA_BROKERS or WEIR_BUS_DATABASE_URL: neither is set')
}
