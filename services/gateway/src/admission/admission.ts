import type { RequestDocument } from '../inference/endpoint.js'
import { addUsage, noUsage, type Usage } from '../inference/usage.js'
import type { AdmittedRoute } from './admitted-route.js'
import type { Hold, Money } from './money.js'
import type { RateAdmission, Rates } from './rates.js'

/**
 * Leave to serve one request: it is counted by its rates once, and money is held for each of its
 * attempts. Whoever has it settles every hold once, and ends it once, however the request ends.
 */
export class Admission {
  private used: Usage | undefined
  private isOver = false

  constructor(
    private readonly money: Money,
    private readonly rate: RateAdmission | undefined,
  ) {}

  /**
   * Holds what an attempt may cost, at most.
   * @param bytes length of the request's body
   * @throws AppError budget_exceeded, service_unavailable, unsupported_model; nothing is held then.
   */
  hold(route: AdmittedRoute, document: RequestDocument, bytes: number): Hold | Promise<Hold> {
    return this.money.hold(route, document, bytes)
  }

  /** An attempt is over; `noUsage` when nothing can be owed. */
  settle(hold: Hold, usage: Usage): void {
    hold.settle(usage)
    this.used = this.used ? addUsage(this.used, usage) : usage
  }

  /** The request is over: its slots are free, and its tokens are counted as they were used. */
  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.rate?.settle(this.used ?? noUsage)
  }

  /** The request was refused before its first attempt, and costs nothing. */
  cancel(reply: LimitedReply): void {
    if (this.isOver) return
    this.isOver = true
    if (!this.rate) return
    this.rate.cancel()
    reply.limitHeaders = this.rate.headers
  }
}

/** Is told what is left of the limits. */
export interface LimitedReply {
  limitHeaders: Readonly<Record<string, string>>
}

/** The step "admit": what a request may use is set aside before anything is called. */
export class AdmissionControl {
  constructor(
    private readonly rates: Rates,
    private readonly money: Money,
  ) {}

  /**
   * Counts the request by its limits.
   * @param bytes length of the request's body
   * @param reply is told what is left of the limits, however this ends
   * @throws AppError rate_limit_exceeded; nothing is counted then.
   */
  async admit(
    route: AdmittedRoute,
    document: RequestDocument,
    bytes: number,
    reply: LimitedReply,
  ): Promise<Admission> {
    const rating = this.rates.admit(route, document, route.endpoint.isBinary ? 0 : bytes)
    const rate = rating instanceof Promise ? await rating : rating
    if (rate) reply.limitHeaders = rate.headers
    return new Admission(this.money, rate)
  }

  /** The smallest share that is left of the budgets that pay, 0 to 1. */
  budgetLeftRatio(who: Pick<AdmittedRoute, 'key' | 'team'>): number {
    return this.money.leftRatio(who)
  }

  /** Gives back all that is leased; called when nothing is under way any more. */
  async close(): Promise<void> {
    await Promise.all([this.rates.close(), this.money.close()])
  }
}
