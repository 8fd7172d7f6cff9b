export { startKafka, type EmbeddedKafka, type StartKafkaOptions } from './broker.js'
export { kafkaVersion, resolveJars, whyNoKafka } from './jars.js'
export { KafkaStartError } from './start-error.js'
