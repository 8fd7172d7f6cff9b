import { startPostgres, type EmbeddedPostgres } from '@weir/embedded-postgres'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { BusHarness } from '../conformance/harness.js'
import { describeBus } from '../conformance/suite.js'
import { startTcpProxy, type TcpProxy } from '../conformance/tcp-proxy.js'
import { PostgresBus } from './postgres-bus.js'

// A cluster of its own, which it may kill.
const dataDir = mkdtempSync(join(tmpdir(), 'weir-bus-'))
let postgres: EmbeddedPostgres
const proxies: TcpProxy[] = []

/** Proxies are made beforehand, since a process is made without waiting. */
async function proxy(): Promise<void> {
  while (proxies.length < 100) proxies.push(await startTcpProxy(postgres.port))
}

const harness: BusHarness = {
  vanishedAfterMs: 5_000,
  createProcess(topics) {
    const way = proxies.pop()!
    const url = new URL(postgres.url)
    url.port = String(way.port)
    const log = { info: () => undefined, warn: () => undefined }
    const bus = new PostgresBus({ databaseUrl: url.href, clientId: 'test', log, topics })
    return { bus, isolate: () => way.cut() }
  },
  async killBroker() {
    postgres.kill()
    await postgres.exited
  },
  async startBroker() {
    postgres = await startPostgres({ dataDir, port: postgres.port })
  },
}

beforeAll(async () => {
  postgres = await startPostgres({ dataDir })
  await proxy()
})
afterAll(async () => {
  await postgres.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

describeBus('the bus in PostgreSQL', () => harness)
