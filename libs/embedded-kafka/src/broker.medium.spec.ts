import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { startKafka } from './broker.js'
import { whyNoKafka } from './jars.js'
import { KafkaStartError } from './start-error.js'

const missing = await whyNoKafka()
if (missing && process.env['WEIR_REQUIRE_KAFKA'] === '1') throw new Error(missing)

describe('startKafka', () => {
  beforeEach((context) => context.skip(Boolean(missing), missing))

  const dataDir = mkdtempSync(join(tmpdir(), 'weir-kafka-'))
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

  const answers = (brokers: string): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(Number(brokers.split(':')[1]), '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })

  it('starts a broker, starts it again after a kill, and stops it', async () => {
    const kafka = await startKafka({ dataDir })
    expect(await answers(kafka.brokers)).toBe(true)
    kafka.kill()
    await kafka.exited
    expect(await answers(kafka.brokers)).toBe(false)
    await kafka.restart()
    expect(await answers(kafka.brokers)).toBe(true)
    await kafka.stop()
    expect(await answers(kafka.brokers)).toBe(false)
  })

  it('says that the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const failure = await startKafka({ dataDir, port }).catch((error: unknown) => error)
    server.close()
    expect(failure).toBeInstanceOf(KafkaStartError)
    expect(failure).toMatchObject({ message: expect.stringContaining(`Port ${port}`) as string })
  })
})
