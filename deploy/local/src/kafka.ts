import { kafkaVersion, KafkaStartError, startKafka, type EmbeddedKafka } from '@weir/embedded-kafka'
import { join, resolve } from 'node:path'
import { onStopRequest } from './stop-request.js'
import { Terminal } from './terminal.js'

/** `npm run kafka`: one real broker in the foreground, for `WEIR_KAFKA_BROKERS=… npm start` beside it. */
const terminal = new Terminal(process.stdout)
const home = resolve(process.env.WEIR_HOME || '.weir')

try {
  const port = portOf(process.env.WEIR_KAFKA_PORT)
  terminal.line(`Kafka ${kafkaVersion}: starting (its jars are fetched the first time)`)
  const kafka = await startKafka({ dataDir: join(home, 'kafka'), port, onLog: (line) => terminal.line(line) })
  terminal.line(`Kafka ${kafkaVersion}: ready, data in ${join(home, 'kafka')}; Ctrl-C stops it`)
  process.stdout.write(`\nWEIR_KAFKA_BROKERS=${kafka.brokers}\n\n`)
  process.exitCode = await untilStopped(kafka)
} catch (error) {
  if (!(error instanceof KafkaStartError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

/** @returns the exit code: 0 when the person ended it. */
async function untilStopped(kafka: EmbeddedKafka): Promise<number> {
  let isStopping = false
  onStopRequest({
    first(reason) {
      isStopping = true
      terminal.line(
        `${reason}: stopping Kafka (once more kills it, which loses nothing that it acknowledged)`,
      )
      void kafka.stop()
    },
    second: () => kafka.kill(),
  })
  await kafka.exited
  terminal.line(isStopping ? 'Kafka has stopped' : 'Kafka has ended by itself; what it said last is above')
  return isStopping ? 0 : 1
}

function portOf(value = '9092'): number {
  const port = Number(value)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new KafkaStartError(`WEIR_KAFKA_PORT is ${value}: set it to a port, 1 to 65535.`)
}
