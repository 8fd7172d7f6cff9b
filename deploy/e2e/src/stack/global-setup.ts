import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'
import { startWeir, type Weir } from '@weir/local'
import { compileCache } from './compile-cache.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's shared Weir is asked for; see `useWeir`. */
    weirControlUrl: string
  }
}

/** Short, so that a test of a time-out takes seconds; long enough that a busy machine does not cause one. */
const TIMEOUTS = {
  WEIR_CONNECT_TIMEOUT_MS: '1000',
  WEIR_FIRST_BYTE_TIMEOUT_MS: '3000',
  WEIR_IDLE_TIMEOUT_MS: '3000',
}

/** Less than vitest waits for a teardown. */
const STOP_TIMEOUT_MS = 6_000

/**
 * One Weir for all spec files that ask for it, since each start takes seconds. It is started by the
 * first that asks, so that a run of specs with instances of their own pays nothing for it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = new SharedWeir()
  const server = createServer((request, response) => void shared.serve(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  project.provide('weirControlUrl', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return async () => {
    server.close()
    server.closeAllConnections()
    await shared.stop()
  }
}

/** What a spec file is told of the shared Weir. */
export interface WeirDescription {
  url: string
  masterKey: string
  /** Folder of everything that it keeps. */
  home: string
  /** The database of the services and of the bus, as superuser. */
  postgresUrl: string
  /** Private ports by `identity.http`, `gateway-1.metrics` and the like. */
  ports: Record<string, number>
  /** Process ids by name; PostgreSQL is `postgres`. */
  pids: Record<string, number | undefined>
}

class SharedWeir {
  private home: string | undefined
  private starting: Promise<Weir> | undefined

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const weir = await (this.starting ??= this.start())
      const [, collection, name = '', action] = (request.url ?? '').split('/')
      if (request.method === 'POST' && collection === 'processes') await act(weir, name, action)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(describe(weir)))
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error))
    }
  }

  async stop(): Promise<void> {
    const weir = await this.starting?.catch(() => undefined)
    const stopped = weir?.stop()
    await Promise.race([stopped, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })])
    weir?.kill()
    await stopped
    if (this.home) rmSync(this.home, { recursive: true, force: true })
  }

  private start(): Promise<Weir> {
    this.home = mkdtempSync(join(tmpdir(), 'weir-e2e-'))
    return startWeir({
      home: this.home,
      port: 0,
      // Two, where the system can share a port: what holds must hold on every gateway.
      gateways: process.platform === 'linux' ? 2 : 1,
      env: { ...TIMEOUTS, NODE_COMPILE_CACHE: compileCache },
      quiet: true,
    })
  }
}

async function act(weir: Weir, name: string, action: string | undefined): Promise<void> {
  const process = weir.processes.get(name)
  if (!process) throw new Error(`There is no process ${name}.`)
  if (action === 'stop') await process.stop()
  else if (action === 'start') await process.start()
  else throw new Error(`A process can be told to stop and to start, not to ${action ?? 'do nothing'}.`)
}

function describe(weir: Weir): WeirDescription {
  return {
    url: weir.url,
    masterKey: weir.masterKey,
    home: weir.home.root,
    postgresUrl: weir.postgres.url,
    ports: weir.ports,
    pids: Object.fromEntries([...weir.processes].map(([name, { pid }]) => [name, pid])),
  }
}
