import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GatewayRuns } from './gateway-runs.js'
import type { LogRecord } from './record.js'

let folder: string

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'weir-runs-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const recordOf = ({ seq, run }: Start): LogRecord => ({
  ...{ kind: 'start', seq, line: Buffer.alloc(0), end: 0 },
  body: Buffer.from(
    JSON.stringify({ model: '"gatewayRun":"no"', gatewayRun: run, openHoldNanoUsd: run && '7' }),
  ),
})

interface Start {
  seq: number
  run: string
}

/** The log, which loses its oldest part now and then, and the gateways that write it one after the other. */
class World {
  private log: Start[] = []
  private runs: GatewayRuns
  private nextSeq = 1
  private readonly home = mkdtempSync(join(folder, 'world-'))
  readonly begun = new Map<string, number>()

  constructor() {
    this.boot()
  }

  begin(isHeld: boolean): void {
    const run = isHeld ? this.runs.current : ''
    const start = { seq: this.nextSeq++, run }
    this.log.push(start)
    this.runs.note(start.seq, run)
    if (isHeld) this.begun.set(run, (this.begun.get(run) ?? 0) + 1)
  }

  /** Some attempts are written again at the end of the log, since they are under way for long. */
  carry(which: number): void {
    const start = this.log[which % (this.log.length || 1)]
    if (start) this.log.push(start)
  }

  /** @param count lines that go; those that remain may have been written twice */
  async takeAway(count: number, isKilled: boolean): Promise<void> {
    await this.runs.save()
    if (!isKilled) this.log.splice(0, count)
  }

  /** Killed, and started again. */
  boot(): void {
    this.runs?.close()
    this.runs = new GatewayRuns(this.home)
    for (const start of this.log) this.runs.noteEarlier(recordOf(start))
    this.nextSeq = Math.max(0, ...this.log.map(({ seq }) => seq)) + 1
    this.begun.set(this.runs.current, 0)
  }

  check(): void {
    const found = new Map(this.runs.ended.map(({ gatewayRun, attempts }) => [gatewayRun, attempts]))
    expect(found).toEqual(new Map([...this.begun].filter(([run]) => run !== this.runs.current)))
  }

  forgetAll(): void {
    for (const { gatewayRun } of this.runs.ended) {
      this.runs.forget(gatewayRun)
      this.begun.delete(gatewayRun)
    }
  }

  close(): void {
    this.runs.close()
  }
}

type Step = (world: World) => void | Promise<void>

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.boolean().map(
    (isHeld): Step =>
      (w) =>
        w.begin(isHeld),
  ),
  fc.nat({ max: 9 }).map(
    (which): Step =>
      (w) =>
        w.carry(which),
  ),
  fc.tuple(fc.nat({ max: 6 }), fc.boolean()).map(
    ([count, isKilled]): Step =>
      (w) =>
        w.takeAway(count, isKilled),
  ),
  fc.constant<Step>((w) => w.boot()),
)

describe('the runs of a gateway', () => {
  it('know how many attempts each had begun that money was held for, wherever it was killed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const world = new World()
        for (const step of steps) await step(world)
        world.boot()
        world.check()
        world.forgetAll()
        world.boot()
        world.check()
        world.close()
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  it('are found after a start that was killed at once', () => {
    const first = new GatewayRuns(folder)
    first.close()
    const second = new GatewayRuns(folder)
    expect(second.ended).toEqual([{ gatewayRun: first.current, attempts: 0 }])
    second.forget(first.current)
    expect(readdirSync(join(folder, 'runs'))).toEqual([second.current])
    second.close()
  })
})
