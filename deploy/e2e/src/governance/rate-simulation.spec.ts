import type { policyV1 } from '@weir/contracts'
import { createLogger } from '@weir/observability'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RateCounter, RateKind } from '../../../../services/gateway/src/admission/rate-counter.js'
import { RateLeases } from '../../../../services/gateway/src/admission/rate-leases.js'
import { RateBook } from '../../../../services/policy/src/rate/rate-book.js'

const logger = createLogger({ service: 'rate-simulation', level: 'silent' })

/** What was admitted when, milliseconds. */
interface Admitted {
  atMs: number
  amount: number
}

/** Gateways and a policy service in one process, on a clock that the test turns. */
class RateSimulation {
  readonly gateways: RateLeases[] = []
  readonly admitted: Admitted[] = []
  refused = 0
  private epochs = 0
  private book: RateBook | undefined

  constructor(
    gateways: number,
    private readonly limit: { kind: RateKind; maximum: number },
  ) {
    this.startPolicy()
    for (let index = 0; index < gateways; index += 1) this.addGateway()
  }

  get policy(): RateBook {
    if (!this.book) throw new Error('The policy service is down.')
    return this.book
  }

  addGateway(): RateLeases {
    const peer = { exchangeRates: (request: policyV1.ExchangeRatesRequest) => this.exchange(request) }
    const gateway = new RateLeases(peer, logger)
    this.gateways.push(gateway)
    return gateway
  }

  startPolicy(): void {
    this.book = new RateBook(`epoch ${(this.epochs += 1)}`, performance.now())
  }

  stopPolicy(): void {
    this.book = undefined
  }

  /** The gateway is killed: nothing of it is heard any more. */
  kill(gateway: RateLeases): void {
    const index = this.gateways.indexOf(gateway)
    this.gateways.splice(index, 1)
    gateway.kill()
  }

  counter(gateway: RateLeases): RateCounter {
    return gateway.counter('team/sales/it', 'team `sales`', this.limit.kind, this.limit.maximum)
  }

  /** One request to a gateway; resolves to when it was admitted, or undefined. */
  async request(gateway: RateLeases, amount = 1): Promise<number | undefined> {
    const counter = this.counter(gateway)
    const isAdmitted = counter.take(amount, performance.now()) || (await gateway.obtain(counter, amount))
    if (!isAdmitted) {
      this.refused += 1
      return undefined
    }
    const atMs = performance.now()
    this.admitted.push({ atMs, amount })
    return atMs
  }

  /** Lets time pass; `work` is called every `stepMs`. */
  async pass(ms: number, work: () => void = () => undefined, stepMs = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      work()
      await vi.advanceTimersByTimeAsync(stepMs)
    }
  }

  /** The most that was admitted in any 60 seconds. */
  most(): number {
    let [sum, most, from] = [0, 0, 0]
    for (const { atMs, amount } of this.admitted) {
      sum += amount
      for (; (this.admitted[from]?.atMs ?? 0) <= atMs - 60_000; from += 1)
        sum -= this.admitted[from]?.amount ?? 0
      most = Math.max(most, sum)
    }
    return most
  }

  /** What was admitted in the last 60 seconds. */
  lastMinute(): number {
    const from = performance.now() - 60_000
    return this.admitted.reduce((sum, { atMs, amount }) => sum + (atMs > from ? amount : 0), 0)
  }

  private async exchange(request: policyV1.ExchangeRatesRequest): Promise<policyV1.ExchangeRatesResponse> {
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (!this.book) throw new Error('UNAVAILABLE')
    const response = this.book.exchange(structuredClone(request), performance.now())
    await new Promise((resolve) => setTimeout(resolve, 1))
    return response
  }
}

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    }),
)
afterEach(() => void vi.useRealTimers())

const started = async (gateways: number, limit: ConstructorParameters<typeof RateSimulation>[1]) => {
  const simulation = new RateSimulation(gateways, limit)
  await simulation.pass(3_000)
  return simulation
}

describe('a limit of requests over three gateways', () => {
  it('admits exactly its maximum of a burst', async () => {
    const simulation = await started(3, { kind: 'requests', maximum: 60 })
    const asked = Array.from({ length: 200 }, (_, index) =>
      simulation.request(simulation.gateways[index % 3] as never),
    )
    await simulation.pass(2_000)
    await Promise.all(asked)
    expect([simulation.admitted.length, simulation.refused]).toEqual([60, 140])
  })

  it('admits exactly its maximum, however the requests are spread over time and gateways', async () => {
    const simulation = await started(3, { kind: 'requests', maximum: 60 })
    for (let index = 0; index < 200; index += 1) {
      void simulation.request(simulation.gateways[(index * index) % 3] as never)
      await simulation.pass(30)
    }
    await simulation.pass(2_000)
    expect([simulation.admitted.length, simulation.refused]).toEqual([60, 140])
  })

  it('is accurate to 1 % at 1,000 requests/s, and never exceeded', { timeout: 60_000 }, async () => {
    const maximum = 30_000
    const simulation = await started(3, { kind: 'requests', maximum })
    const send = () => {
      // Five in five milliseconds, unevenly: the first gateway has most of them.
      for (const index of [0, 0, 0, 1, 2]) void simulation.request(simulation.gateways[index] as never)
    }
    await simulation.pass(58_000, send)
    for (let second = 0; second < 70; second += 1) {
      await simulation.pass(1_000, send)
      if (second > 2) expect(simulation.lastMinute()).toBeGreaterThanOrEqual(maximum * 0.99)
    }
    expect(simulation.most()).toBeLessThanOrEqual(maximum)
  })

  it('admits all of what is within it, and asks for almost none of it', async () => {
    const simulation = await started(3, { kind: 'requests', maximum: 60_000 })
    const exchange = vi.spyOn(simulation.policy, 'exchange')
    await simulation.pass(10_000, () => {
      for (const gateway of simulation.gateways) void simulation.request(gateway)
    })
    expect(simulation.refused).toBe(0)
    expect(simulation.admitted).toHaveLength(6_000)
    expect(exchange.mock.calls.length).toBeLessThan(3 * 10 * 12)
  })

  it('holds when the policy service ends, and when it comes back and knows nothing', async () => {
    const maximum = 600
    const simulation = await started(3, { kind: 'requests', maximum })
    for (const gateway of simulation.gateways) void simulation.request(gateway)
    const send = () => void simulation.request(simulation.gateways[0] as never)
    await simulation.pass(5_000, send, 20)
    simulation.stopPolicy()
    const sendToAll = () => {
      for (const gateway of simulation.gateways) void simulation.request(gateway)
    }
    await simulation.pass(20_000, sendToAll, 20)
    expect(simulation.gateways.every(({ isAlone }) => isAlone)).toBe(true)
    // The two that had not used anything have an equal share of what was left.
    expect(simulation.lastMinute()).toBeGreaterThan(maximum / 2)
    simulation.startPolicy()
    await simulation.pass(120_000, sendToAll, 20)
    expect(simulation.gateways.some(({ isAlone }) => isAlone)).toBe(false)
    expect(simulation.lastMinute()).toBeGreaterThanOrEqual(maximum * 0.98)
    // What is left is known to within a second.
    expect(simulation.most()).toBeLessThanOrEqual(maximum * 1.05)
  })

  it('holds and is usable when a gateway dies', async () => {
    const maximum = 600
    const simulation = await started(3, { kind: 'requests', maximum })
    const send = () => {
      for (const gateway of simulation.gateways) void simulation.request(gateway)
    }
    await simulation.pass(2_000, send, 20)
    simulation.kill(simulation.gateways[0] as never)
    await simulation.pass(100_000, send, 20)
    const { length } = simulation.admitted
    await simulation.pass(300_000, send, 20)
    expect(simulation.admitted.length - length).toBeGreaterThanOrEqual(5 * maximum * 0.98)
    expect(simulation.most()).toBeLessThanOrEqual(maximum)
  })

  it(
    'never has more in any minute than it may, and no phantom refusals, whatever happens',
    { timeout: 120_000 },
    async () => {
      const step = fc.record({
        gateway: fc.integer({ min: 0, max: 2 }),
        amount: fc.integer({ min: 1, max: 40 }),
        pauseMs: fc.constantFrom(0, 0, 5, 50, 500, 5_000, 30_000),
        then: fc.constantFrom('send', 'send', 'send', 'send', 'unuse', 'die'),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const simulation = await started(3, { kind: 'tokens', maximum: 100 })
          for (const { gateway: index, amount, pauseMs, then } of steps) {
            const gateway = simulation.gateways[index] as never
            if (then === 'die') {
              simulation.kill(gateway)
              simulation.addGateway()
              continue
            }
            const admitted = simulation.request(gateway, amount)
            await simulation.pass(pauseMs, undefined, 50)
            if (then !== 'unuse') continue
            await simulation.pass(1_000, undefined, 50)
            const atMs = await admitted
            if (atMs === undefined) continue
            const half = Math.floor(amount / 2)
            simulation.counter(gateway).giveBack(half, atMs, performance.now())
            const entry = simulation.admitted.find((one) => one.atMs === atMs && one.amount === amount)
            if (entry) entry.amount -= half
          }
          await simulation.pass(2_000, undefined, 50)
          expect(simulation.most()).toBeLessThanOrEqual(100)
          await simulation.pass(64_000, undefined, 100)
          expect(
            await Promise.race([
              simulation.request(simulation.gateways[0] as never, 100),
              simulation.pass(3_000),
            ]),
          ).toBeDefined()
          for (const gateway of simulation.gateways) gateway.kill()
        }),
        { numRuns: 60, endOnFailure: true },
      )
    },
  )
})

describe('a limit of parallel requests over three gateways', () => {
  it('is never exceeded, is all usable, and leaks nothing', async () => {
    const simulation = await started(3, { kind: 'parallel_requests', maximum: 10 })
    let [underway, most, served] = [0, 0, 0]
    const send = (index: number) => {
      const gateway = simulation.gateways[index] as never
      void simulation.request(gateway).then((atMs) => {
        if (atMs === undefined) return
        most = Math.max(most, (underway += 1))
        setTimeout(() => {
          underway -= 1
          served += 1
          simulation.counter(gateway).giveBack(1, atMs, performance.now())
        }, 100)
      })
    }
    let turn = 0
    await simulation.pass(20_000, () => send((turn += 1) % 3), 5)
    expect(most).toBe(10)
    // Ten at a time, 100 ms each.
    expect(served).toBeGreaterThan(1_500)
    await simulation.pass(15_000, undefined, 50)
    expect([underway, ...simulation.gateways.map(({ slotCount }) => slotCount)]).toEqual([0, 0, 0, 0])
    expect(simulation.policy.slotCount).toBe(0)
  })

  it('has a dead gateway’s slots again after seconds', async () => {
    const simulation = await started(3, { kind: 'parallel_requests', maximum: 3 })
    const [first, second] = simulation.gateways as [never, never]
    const all = [simulation.request(first), simulation.request(first), simulation.request(first)]
    await simulation.pass(1_000)
    await Promise.all(all)
    simulation.kill(first)
    const early = simulation.request(second)
    await simulation.pass(1_000)
    expect(await early).toBeUndefined()
    await simulation.pass(3_000)
    const late = [simulation.request(second), simulation.request(second), simulation.request(second)]
    await simulation.pass(1_000)
    expect((await Promise.all(late)).every((atMs) => atMs !== undefined)).toBe(true)
  })
})
