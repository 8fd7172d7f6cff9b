/** One run of a program, from its start to its end. */
export interface Run {
  pid: number
  /** Resolves when it is gone, with how, e.g. `exit code 1` or `SIGKILL`. */
  exited: Promise<string>
  /** Asks it to end, waits, and kills it when it takes too long. */
  stop(): Promise<void>
  kill(signal: NodeJS.Signals): void
}

export interface SupervisedOptions {
  name: string
  launch: () => Promise<Run>
  /** Tells the person at the terminal. */
  say: (line: string) => void
  backoff?: { firstMs: number; mostMs: number; stableMs: number }
}

/** A run that lasted `stableMs` was a success: the next failure waits the shortest time again. */
const BACKOFF = { firstMs: 200, mostMs: 10_000, stableMs: 30_000 }

/** Keeps a program running: starts it again whenever it ends without being told to. */
export class Supervised {
  private run: Run | undefined
  private launching: Promise<void> | undefined
  private timer: NodeJS.Timeout | undefined
  private isWanted = false
  private startedAt = 0
  private recentFailures = 0
  /** How often it ended by itself since it was first started. */
  failures = 0

  constructor(private readonly options: SupervisedOptions) {}

  get name(): string {
    return this.options.name
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.run?.pid
  }

  /** Starts it; does nothing when it runs. Throws when it cannot be started at all. */
  async start(): Promise<void> {
    if (this.isWanted) return this.launching
    this.isWanted = true
    this.recentFailures = 0
    try {
      await this.launch()
    } catch (error) {
      this.isWanted = false
      throw error
    }
  }

  /** Ends it gracefully, for good or until `start`. */
  async stop(): Promise<void> {
    this.isWanted = false
    clearTimeout(this.timer)
    await this.launching?.catch(() => undefined)
    const run = this.run
    this.run = undefined
    await run?.stop()
  }

  /** Sends a signal, as a fault would; whatever ends by it is started again. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.run?.kill(signal)
  }

  private launch(): Promise<void> {
    const launching = this.launchOnce().finally(() => {
      if (this.launching === launching) this.launching = undefined
    })
    this.launching = launching
    return launching
  }

  private async launchOnce(): Promise<void> {
    const run = await this.options.launch()
    if (!this.isWanted) {
      await run.stop()
      return
    }
    this.run = run
    this.startedAt = Date.now()
    void run.exited.then((how) => this.ended(run, how))
  }

  private ended(run: Run, how: string): void {
    if (this.run !== run) return
    this.run = undefined
    if (this.isWanted) this.startAgain(`ended (${how})`, Date.now() - this.startedAt)
  }

  private startAgain(what: string, lastedMs: number): void {
    const { firstMs, mostMs, stableMs } = this.options.backoff ?? BACKOFF
    if (lastedMs >= stableMs) this.recentFailures = 0
    const delayMs = Math.min(mostMs, firstMs * 2 ** this.recentFailures)
    this.recentFailures += 1
    this.failures += 1
    this.options.say(`${this.name} ${what}; starting it again in ${delayMs / 1000} s`)
    this.timer = setTimeout(() => {
      this.launch().then(
        () =>
          this.isWanted && this.options.say(`${this.name} was started again (process ${this.pid ?? 'gone'})`),
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error)
          if (this.isWanted) this.startAgain(`could not be started (${message})`, 0)
        },
      )
    }, delayMs)
  }
}
