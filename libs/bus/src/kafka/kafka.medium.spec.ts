import { startKafka, whyNoKafka, type EmbeddedKafka } from '@weir/embedded-kafka'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { BusHarness } from '../conformance/harness.js'
import { describeBus } from '../conformance/suite.js'
import { KafkaBus } from './kafka-bus.js'

const missing = await whyNoKafka()
if (missing && process.env['WEIR_REQUIRE_KAFKA'] === '1') throw new Error(missing)

if (missing) {
  describe('the bus on Kafka', () =>
    it('holds all that a bus guarantees', (context) => context.skip(missing)))
} else {
  const dataDir = mkdtempSync(join(tmpdir(), 'weir-bus-kafka-'))
  let kafka: EmbeddedKafka

  const harness: BusHarness = {
    vanishedAfterMs: 5_000,
    createProcess(topics) {
      const sockets = new Set<Socket>()
      let isIsolated = false
      const bus = new KafkaBus({
        brokers: [kafka.brokers],
        clientId: 'test',
        log: { info: () => undefined, warn: () => undefined },
        topics,
        times: { sessionMs: 3_000, heartbeatMs: 500, closeMs: 3_000 },
        socketFactory({ host, port, onConnect }) {
          const socket = connect({ host, port: isIsolated ? 1 : port }, onConnect)
          sockets.add(socket)
          return socket
        },
      })
      return {
        bus,
        isolate() {
          isIsolated = true
          for (const socket of sockets) socket.destroy()
        },
      }
    },
    async killBroker() {
      kafka.kill()
      await kafka.exited
    },
    startBroker: () => kafka.restart(),
  }

  beforeAll(async () => {
    kafka = await startKafka({ dataDir })
  })
  afterAll(async () => {
    await kafka.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  describeBus('the bus on Kafka', () => harness)
}
