import fc from 'fast-check'
import { expect } from 'vitest'
import {
  charge,
  endRun,
  figuresOf,
  grantAhead,
  grantHold,
  heldOf,
  leftOf,
  takeBack,
  type PeriodState,
} from '../budget/money-rules.js'

const levels = 3
const gatewayCount = 3

/** A call under way, or over and not yet rated. */
interface Call {
  run: Run
  /** The periods that it began in, each with its gateway's lease. */
  parts: { period: Period; lease: Known }[]
  held: bigint
  /** Undefined while it is under way. */
  cost: bigint | undefined
  /** Its gateway died before it was over: its event says what was held. */
  isOrphan: boolean
}

/** A gateway from its start to its death. */
interface Run {
  name: string
  leases: Known[]
  /** Attempts in its journal. */
  begun: number
  /** Attempts that are charged. */
  charged: number
  isDead: boolean
  /** Taken for dead: not heard of for 120 s. */
  isSilent: boolean
  /** Its successor has said that it is over. */
  isEnded: boolean
}

/** What a gateway knows of its lease of one budget. */
interface Known {
  granted: bigint
  returned: bigint
  taken: bigint
}

/** A period of a budget, with the model of it. */
interface Period {
  state: PeriodState
  /** The model: the sum of all costs that the ledger has. */
  ledger: bigint
  /** What may be spent in it at most: the largest limit that it had. */
  largest: bigint
}

/** A period in which nothing was spent. */
export const newState = (limit: bigint): PeriodState => ({ limit, spent: 0n, leases: new Map() })
const newPeriod = (limit: bigint): Period => ({ state: newState(limit), ledger: 0n, largest: limit })
const newKnown = (): Known => ({ granted: 0n, returned: 0n, taken: 0n })

/**
 * The policy service's rules with gateways that use them over a network that loses and repeats, beside
 * a simple model: the list of all calls, and what each cost.
 */
export class World {
  private periods = Array.from({ length: levels }, () => newPeriod(1_000n))
  /** Periods that are over too: what began in one counts there, whenever it ends. */
  private readonly all = [...this.periods]
  /** All that ever ran; the last ones are alive. */
  private readonly runs: Run[] = []
  private readonly alive: Run[] = []
  /** The model: calls whose cost the ledger does not have yet. */
  private readonly open: Call[] = []

  constructor() {
    for (let index = 0; index < gatewayCount; index++) this.boot(index)
  }

  private boot(index: number): void {
    const run: Run = {
      ...{ name: `run-${this.runs.length}`, leases: Array.from({ length: levels }, newKnown) },
      ...{ begun: 0, charged: 0, isDead: false, isSilent: false, isEnded: false },
    }
    this.runs.push(run)
    this.alive[index] = run
  }

  private runOf = (index: number): Run => this.alive[index] as Run
  private known = ({ leases }: Run, level: number): Known => leases[level] as Known
  private period = (level: number): Period => this.periods[level] as Period
  private state = (level: number): PeriodState => this.period(level).state

  /** A hold from leases, else one that is asked for. The answer may be lost. */
  hold(gateway: number, chosen: number[], amount: bigint, isLost: boolean): void {
    const run = this.runOf(gateway)
    const leases = chosen.map((level) => this.known(run, level))
    if (leases.some(({ granted, returned, taken }) => granted - returned - taken < amount)) {
      const parts = chosen.map((level) => ({ state: this.state(level), least: amount }))
      const fits = chosen.every((level) => leftOf(this.state(level)) >= amount)
      const result = grantHold(parts, run.name, amount)
      // All levels or none, and only for want of money.
      expect('granted' in result).toBe(fits)
      if (isLost || 'refusedBy' in result) return
      this.hear(run, chosen)
    }
    for (const lease of leases) lease.taken += amount
    const parts = chosen.map((level) => ({ period: this.period(level), lease: this.known(run, level) }))
    run.begun++
    this.open.push({ run, parts, held: amount, cost: undefined, isOrphan: false })
  }

  lease(gateway: number, level: number, want: bigint, isLost: boolean): void {
    const run = this.runOf(gateway)
    grantAhead(this.state(level), run.name, want)
    if (!isLost) this.hear(run, [level])
  }

  /** What a gateway gives back is heard never, once, or twice. */
  giveBack(gateway: number, level: number, times: number): void {
    const run = this.runOf(gateway)
    const lease = this.known(run, level)
    const before = lease.returned
    lease.returned += lease.granted - lease.returned - lease.taken
    for (let time = 0; time < times; time++) takeBack(this.state(level), run.name, lease.returned)
    // An older word that comes late changes nothing.
    if (times > 1) takeBack(this.state(level), run.name, before)
  }

  /** @param share of what was held, in hundredths; 0 voids it */
  settle(which: number, share: bigint): void {
    const under = this.open.filter(({ cost }) => cost === undefined)
    const call = under[which % (under.length || 1)]
    if (!call) return
    call.cost = (call.held * share) / 100n
    if (call.isOrphan) return
    for (const { lease } of call.parts) lease.taken -= call.held - call.cost
  }

  /** The ledger's event arrives. */
  rate(which: number): void {
    const done = this.open.filter(({ cost }) => cost !== undefined)
    const call = done[which % (done.length || 1)]
    if (!call || call.cost === undefined) return
    this.open.splice(this.open.indexOf(call), 1)
    const relief = call.isOrphan ? call.held : call.cost
    call.run.charged++
    for (const { period } of call.parts) {
      charge(period.state, call.cost, { gateway: call.run.name, relief })
      period.ledger += call.cost
    }
  }

  /** A gateway dies, and another run begins; the journal tells of its calls later. */
  crash(gateway: number): void {
    const run = this.runOf(gateway)
    run.isDead = true
    for (const call of this.open) {
      if (call.run === run && call.cost === undefined) call.isOrphan = true
    }
    this.boot(gateway)
  }

  /** What a gateway has asked for in its last moment arrives when it is dead, or when it was taken over. */
  askLate(which: number, level: number, amount: bigint): void {
    const run = this.dead(which)
    if (run && !run.isEnded) grantAhead(this.state(level), run.name, amount)
  }

  /** 120 s without a word of a dead gateway: the lease expires into an estimate. */
  expire(which: number): void {
    const run = this.dead(which)
    if (run) run.isSilent = true
  }

  /** Its successor says how many attempts it had begun. @returns whether it is closed */
  endRun(which: number): boolean {
    const run = this.dead(which)
    if (!run) return false
    run.isEnded = true
    if (run.charged < run.begun) return false
    for (const { state } of this.all) endRun(state, run.name)
    return true
  }

  private dead(which: number): Run | undefined {
    const dead = this.runs.filter(({ isDead }) => isDead)
    return dead[which % (dead.length || 1)]
  }

  limit(level: number, limit: bigint): void {
    const period = this.period(level)
    period.state.limit = limit
    if (limit > period.largest) period.largest = limit
  }

  /** A budget starts anew; what was begun before counts where it began. */
  reset(level: number): void {
    const period = newPeriod(this.state(level).limit)
    this.periods[level] = period
    this.all.push(period)
    for (const { leases } of this.runs) leases[level] = newKnown()
  }

  check(): void {
    for (const period of this.all) {
      const { state, ledger, largest } = period
      const ofPeriod = this.open.filter(({ parts }) => parts.some((part) => part.period === period))
      const worst = ofPeriod.reduce((sum, { cost, held }) => sum + (cost ?? held), 0n)
      // Never overspent: whatever is under way may cost all that was held for it.
      expect(state.spent + worst <= largest).toBe(true)
      // What was spent is the ledger's sum, and what is held covers all that may still come.
      expect(state.spent).toBe(ledger)
      expect(heldOf(state) >= worst).toBe(true)
      this.checkFigures(state, ofPeriod)
    }
  }

  /** An estimate is never below what may still come of the gateways that it stands for. */
  private checkFigures(state: PeriodState, open: Call[]): void {
    const silent = new Set(this.runs.filter(({ isSilent }) => isSilent).map(({ name }) => name))
    const { held, estimated, left, limit, spent } = figuresOf(state, (name) => silent.has(name))
    expect(held + estimated).toBe(heldOf(state))
    expect(left).toBe(limit > spent + held + estimated ? limit - spent - held - estimated : 0n)
    const ofSilent = open.filter(({ run }) => run.isSilent)
    expect(estimated >= ofSilent.reduce((sum, call) => sum + (call.cost ?? call.held), 0n)).toBe(true)
  }

  /** All is over and heard of: nothing is held, and every budget can be used up. */
  end(): void {
    while (this.open.some(({ cost }) => cost === undefined)) this.settle(0, 50n)
    for (let gateway = 0; gateway < gatewayCount; gateway++) {
      for (let level = 0; level < levels; level++) {
        this.hear(this.runOf(gateway), [level])
        this.giveBack(gateway, level, 1)
      }
    }
    // Events of the dead come after everything else; before the last one none of them is closed.
    this.open.sort((a, b) => Number(a.run.isDead) - Number(b.run.isDead))
    while (this.open.length > 0) this.rate(0)
    this.check()
    const deadCount = this.runs.length - gatewayCount
    for (let which = 0; which < deadCount; which++) expect(this.endRun(which)).toBe(true)
    this.check()
    for (const { state, ledger } of this.periods) {
      expect(heldOf(state)).toBe(0n)
      const left = state.limit - ledger
      if (left > 0n) expect(grantHold([{ state, least: left }], 'last', left)).toEqual({ granted: left })
    }
  }

  private hear(run: Run, chosen: number[]): void {
    for (const level of chosen) {
      const lease = this.known(run, level)
      const granted = this.state(level).leases.get(run.name)?.granted ?? 0n
      if (granted > lease.granted) lease.granted = granted
    }
  }
}

const gateway = fc.nat({ max: gatewayCount - 1 })
const level = fc.nat({ max: levels - 1 })
const amount = fc.bigInt({ min: 1n, max: 400n })
const which = fc.nat({ max: 50 })
const chosen = fc.uniqueArray(level, { minLength: 1, maxLength: levels })

/** Something that happens. */
export type Step = (world: World) => void

/** Whatever can happen, the likelier the more often. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(gateway, chosen, amount, fc.boolean()).map(
      ([g, c, a, l]): Step =>
        (w) =>
          w.hold(g, c, a, l),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(gateway, level, amount, fc.boolean()).map(
      ([g, l, a, lost]): Step =>
        (w) =>
          w.lease(g, l, a, lost),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(gateway, level, fc.nat({ max: 2 })).map(
      ([g, l, t]): Step =>
        (w) =>
          w.giveBack(g, l, t),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(which, fc.bigInt({ min: 0n, max: 100n })).map(
      ([i, s]): Step =>
        (w) =>
          w.settle(i, s),
    ),
  },
  {
    weight: 6,
    arbitrary: which.map(
      (i): Step =>
        (w) =>
          w.rate(i),
    ),
  },
  {
    weight: 1,
    arbitrary: gateway.map(
      (g): Step =>
        (w) =>
          w.crash(g),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(which, level, amount).map(
      ([i, l, a]): Step =>
        (w) =>
          w.askLate(i, l, a),
    ),
  },
  {
    weight: 1,
    arbitrary: which.map(
      (i): Step =>
        (w) =>
          w.expire(i),
    ),
  },
  {
    weight: 3,
    arbitrary: which.map(
      (i): Step =>
        (w) =>
          void w.endRun(i),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(level, fc.bigInt({ min: 0n, max: 2_000n })).map(
      ([l, a]): Step =>
        (w) =>
          w.limit(l, a),
    ),
  },
  {
    weight: 1,
    arbitrary: level.map(
      (l): Step =>
        (w) =>
          w.reset(l),
    ),
  },
)
