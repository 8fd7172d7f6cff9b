import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'

/** The program of a Redis or Valkey server on this machine; undefined: there is none. */
export const sharedStoreProgram = ['valkey-server', 'redis-server'].find(
  (program) => spawnSync(program, ['--version']).status === 0,
)

/** A real server, in memory only. */
export class SharedStoreServer {
  private child: ChildProcess | undefined

  private constructor(readonly port: number) {}

  static async start(): Promise<SharedStoreServer> {
    const server = new SharedStoreServer(await freePort())
    await server.run()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async run(): Promise<void> {
    const options = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const child = spawn(sharedStoreProgram ?? '', options, {
      cwd: tmpdir(),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.child = child
    let said = ''
    for await (const chunk of child.stdout) {
      said += String(chunk)
      if (/ready to accept connections/i.test(said)) break
    }
    child.stdout.resume()
  }

  async stop(): Promise<void> {
    if (!this.child || this.child.exitCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await gone
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
