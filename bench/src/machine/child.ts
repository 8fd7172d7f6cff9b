import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onCore } from './cores.js'

const running = new Set<ChildProcess>()

/** How one of the programs of this package is started. */
export interface ChildOptions {
  core: number | undefined
  args?: string[]
  nodeArgs?: string[]
  env?: Record<string, string>
}

/** A program of this package in a process of its own; it ends when its standard input does, so it never outlives us. */
export class Child {
  private readonly lines: Interface
  private readonly pending: string[] = []
  private waiting: (() => void) | undefined
  private ended = false

  private constructor(
    readonly name: string,
    private readonly process: ChildProcess,
  ) {
    running.add(process)
    process.once('error', (error) => {
      this.pending.push(JSON.stringify({ failure: error.message }))
      this.end()
    })
    process.stdin?.on('error', () => undefined)
    if (process.stdout === null) throw new Error(`${name} has no output`)
    this.lines = createInterface({ input: process.stdout })
    this.lines.on('line', (line) => {
      this.pending.push(line)
      this.waiting?.()
    })
    this.lines.once('close', () => this.end())
  }

  /** @param name the file's name in this package, without its ending */
  static start(name: string, { core, args = [], nodeArgs = [], env = {} }: ChildOptions): Child {
    const file = fileURLToPath(new URL(`../${name}.js`, import.meta.url))
    const [command = '', ...rest] = onCore(core, [process.execPath, ...nodeArgs, file, ...args])
    const child = spawn(command, rest, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_ENV: 'production', ...env },
    })
    return new Child(name, child)
  }

  /** `taskset` replaces itself by what it starts, so this is the program's own. */
  get pid(): number {
    if (this.process.pid === undefined) throw new Error(`${this.name} could not be started`)
    return this.process.pid
  }

  write(message: unknown): void {
    this.process.stdin?.write(`${JSON.stringify(message)}\n`)
  }

  /** The next JSON line that the program prints. @throws when it ends instead, or says `{failure}` */
  async read<T>(): Promise<T> {
    while (this.pending.length === 0 && !this.ended) {
      await new Promise<void>((resolve) => {
        this.waiting = resolve
      })
    }
    const line = this.pending.shift()
    if (line === undefined) throw new Error(`The ${this.name} process ended before it answered.`)
    const message = JSON.parse(line) as T & { failure?: string }
    if (message.failure !== undefined) throw new Error(`The ${this.name} process failed: ${message.failure}`)
    return message
  }

  /** Closing its input asks the program to end; after two seconds it is killed. */
  async stop(): Promise<void> {
    running.delete(this.process)
    if (this.process.exitCode !== null || this.process.signalCode !== null || this.process.pid === undefined)
      return
    const exited = once(this.process, 'exit')
    this.process.stdin?.end()
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 2_000)
    await exited
    clearTimeout(timer)
  }

  private end(): void {
    this.ended = true
    this.waiting?.()
  }
}

/** For the way out on a signal, when there is no time to ask. */
export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL')
}
