import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { registry } from './metrics.js'

/** Says what a process still lacks before it can serve; the message goes to /readyz. */
export type ReadinessCheck = () => Promise<string | undefined> | string | undefined

/**
 * The private port of a process: `/metrics` (Prometheus), `/livez` (depends on nothing), `/readyz`
 * (200, or 503 with what is missing). Listens before anything else, so that a process that is
 * still starting can say what it waits for.
 */
export class PrivateServer {
  private readonly checks = new Map<string, ReadinessCheck>([['start', () => 'still starting']])
  private server: Server

  /** Adds a condition of readiness. */
  addCheck(name: string, check: ReadinessCheck): void {
    this.checks.set(name, check)
  }

  /** Called once the process has done its set-up. */
  started(): void {
    this.checks.delete('start')
  }

  /** What is missing, by name; empty when ready. */
  async missing(): Promise<Record<string, string>> {
    const found: Record<string, string> = {}
    for (const [name, check] of this.checks) {
      const reason = await Promise.resolve()
        .then(check)
        .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
      if (reason) found[name] = reason
    }
    return found
  }

  /** Resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    this.server = createServer((request, response) => {
      const reply = (status: number, type: string, body: string) =>
        response.writeHead(status, { 'content-type': type }).end(body)
      const path = request.url?.split('?')[0]
      if (path === '/livez') return void reply(200, 'application/json', '{"status":"ok"}')
      if (path === '/readyz') {
        return void this.missing().then((missing) => {
          const ready = Object.keys(missing).length === 0
          reply(
            ready ? 200 : 503,
            'application/json',
            JSON.stringify({ status: ready ? 'ok' : 'not ready', missing }),
          )
        })
      }
      if (path === '/metrics') {
        return void registry.metrics().then(
          (text) => reply(200, registry.contentType, text),
          (error: unknown) => reply(500, 'text/plain', String(error)),
        )
      }
      reply(404, 'text/plain', 'There are /metrics, /livez and /readyz here.\n')
    })
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(port, host, resolve)
    })
    return (this.server.address() as AddressInfo).port
  }

  close(): void {
    this.server.close()
    this.server.closeAllConnections()
  }
}
