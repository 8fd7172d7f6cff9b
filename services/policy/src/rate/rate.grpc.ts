import { Controller, type OnApplicationShutdown } from '@nestjs/common'
import { policyV1 } from '@weir/contracts'
import { gauge } from '@weir/observability'
import { randomUUID } from 'node:crypto'
import { RateBook } from './rate-book.js'

const sweepEveryMs = 500
const forgetEveryMs = 10_000

/** Leases rates to the gateways. */
@Controller()
@policyV1.RateServiceControllerMethods()
export class RateGrpc implements policyV1.RateServiceController, OnApplicationShutdown {
  private readonly book = new RateBook(randomUUID(), performance.now())
  private readonly timers = [
    setInterval(() => this.book.sweep(performance.now()), sweepEveryMs),
    setInterval(() => this.book.forgetUnused(performance.now()), forgetEveryMs),
  ]

  constructor() {
    gauge('weir_rate_gateways', 'Gateways that share the limits of rates.', [], (self) =>
      self.set(this.book.gatewayCount),
    )
    gauge('weir_rate_limits', 'Limits of rates that were used in the last minute.', [], (self) =>
      self.set(this.book.limitCount),
    )
    gauge('weir_rate_slots_leased', 'Slots of parallel limits that gateways hold.', [], (self) =>
      self.set(this.book.slotCount),
    )
  }

  exchangeRates(request: policyV1.ExchangeRatesRequest): policyV1.ExchangeRatesResponse {
    return this.book.exchange(request, performance.now())
  }

  onApplicationShutdown(): void {
    for (const timer of this.timers) clearInterval(timer)
  }
}
