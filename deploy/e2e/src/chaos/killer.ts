import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.js'

/** Something that can be killed and comes back by itself. */
export interface Victim {
  name: string
  /** Whether it runs now. */
  isRunning(): boolean
  /** SIGKILL, to all that belongs to it. */
  kill(): void
}

/** Kills one of several processes every now and then, in an order that the seed decides. */
export class Killer {
  /** How often each was killed. */
  readonly kills = new Map<string, number>()
  private readonly stopping = new AbortController()
  private running: Promise<void> | undefined

  constructor(
    private readonly options: {
      victims: Victim[]
      random: Random
      everyMs: number
      say: (line: string) => void
    },
  ) {}

  get total(): number {
    return [...this.kills.values()].reduce((sum, count) => sum + count, 0)
  }

  start(): void {
    this.running ??= this.run()
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.running
  }

  private async run(): Promise<void> {
    const { random, everyMs, victims, say } = this.options
    // Each in turn, in a new order every round: a short run, too, meets all of them.
    let round: Victim[] = []
    for (;;) {
      const paused = sleep(everyMs * (0.5 + random.next()), true, { signal: this.stopping.signal })
      if (!(await paused.catch(() => false))) return
      if (round.length === 0) round = shuffled(victims, random)
      const at = round.findIndex((victim) => victim.isRunning())
      const [victim] = at < 0 ? [] : round.splice(at, 1)
      if (!victim) continue
      victim.kill()
      this.kills.set(victim.name, (this.kills.get(victim.name) ?? 0) + 1)
      say(`kill -9 ${victim.name}`)
    }
  }
}

function shuffled<T>(values: T[], random: Random): T[] {
  return values
    .map((value) => ({ value, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value)
}
