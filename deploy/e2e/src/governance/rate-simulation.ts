import type { policyV1 } from '@weir/contracts'
import { createLogger } from '@weir/observability'
import { vi } from 'vitest'
import type { RateCounter, RateKind } from '../../../../services/gateway/src/admission/rate-counter.js'
import { RateLeases } from '../../../../services/gateway/src/admission/rate-leases.js'
import { RateBook } from '../../../../services/policy/src/rate/rate-book.js'

const logger = createLogger({ service: 'rate-simulation', level: 'silent' })

/** What was admitted when, milliseconds. */
export interface Admitted {
  atMs: number
  amount: number
}

/** Gateways and a policy service in one process, on a clock that the test turns. */
export class RateSimulation {
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
