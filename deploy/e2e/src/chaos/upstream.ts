import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FromUpstream, UpstreamCall } from './upstream-process.js'

/** Compiled, or the source itself, which Node can run as it is. */
const main = new URL(`./upstream-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url)

/**
 * aimock in a process of its own: it outlives every kill, and its journal counts what Weir called
 * without asking Weir.
 */
export class Upstream {
  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
  ) {}

  static async start(): Promise<Upstream> {
    const child = fork(main, { execArgv: ['--disable-warning=ExperimentalWarning'] })
    const message = await answerOf(child)
    if (!('port' in message)) throw new Error('The upstream did not say where it listens.')
    return new Upstream(child, message.port)
  }

  /** Base URL that reports prompt and completion tokens only. */
  get plainUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`
  }

  /** Base URL that reports cached and reasoning tokens too. */
  get detailedUrl(): string {
    return `http://127.0.0.1:${this.port}/api/v1`
  }

  /** Every call that it has received. */
  async calls(): Promise<UpstreamCall[]> {
    const answer = answerOf(this.child)
    this.child.send('journal')
    const message = await answer
    if (!('calls' in message)) throw new Error('The upstream did not give its journal.')
    return message.calls
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await ended
  }
}

async function answerOf(child: ChildProcess): Promise<FromUpstream> {
  const heard = new AbortController()
  const { signal } = heard
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error("The upstream's process has ended.")
  })
  // It is of no interest any more when the answer comes first.
  ended.catch(() => undefined)
  try {
    const message = once(child, 'message', { signal }) as Promise<[FromUpstream]>
    return (await Promise.race([message, ended]))[0]
  } finally {
    heard.abort()
  }
}
