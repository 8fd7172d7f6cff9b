import type { Usage } from '../inference/usage.js'
import type { ChatDocument } from '../dialects/openai-chat/chat-completions.js'
import type { KnownModel, KnownProvider, KnownWhitelistEntry } from '../snapshot/catalog-state.js'
import type { KnownKey, TeamLine } from '../snapshot/identity-state.js'
import type { Hold, HoldRecord, Money } from './money.js'
import type { RateAdmission, Rates } from './rates.js'

/** Who asks for what: all that limits and budgets are found by. */
export interface AdmittedRoute {
  readonly key: KnownKey
  readonly team: TeamLine
  readonly model: KnownModel
  readonly provider: KnownProvider
  /** The workspace's own terms for the model; undefined: it has none. */
  readonly entry: KnownWhitelistEntry | undefined
}

/** Leave to make one attempt. Whoever has it settles it once, however the attempt ends. */
export interface Admission {
  /** When the attempt starts, milliseconds since 1970: decides its price and its budgets' periods. */
  readonly startedAtMs: number
  /** What may be sent: its output may be limited to what a budget allows. */
  readonly document: ChatDocument
  /** What the journal notes of it, so that a crash gives back what is held. */
  readonly record: HoldRecord
  /** The attempt is over; `noUsage` when nothing can be owed. */
  settle(usage: Usage): void
}

/** The step "admit": what a request may use is set aside before anything is called. */
export class AdmissionControl {
  constructor(
    private readonly rates: Rates,
    private readonly money: Money,
  ) {}

  /**
   * Counts the request by its limits, then holds what an attempt may cost, at most.
   * @param bytes length of the request's body
   * @param reply is told what is left of the limits, however this ends
   * @throws AppError rate_limit_exceeded, budget_exceeded, service_unavailable; nothing is counted or held then.
   */
  async admit(
    route: AdmittedRoute,
    document: ChatDocument,
    bytes: number,
    reply: { limitHeaders: Readonly<Record<string, string>> },
  ): Promise<Admission> {
    const rating = this.rates.admit(route, document, bytes)
    const rate = rating instanceof Promise ? await rating : rating
    if (rate) reply.limitHeaders = rate.headers
    try {
      return new HeldAdmission(await this.money.hold(route, document, bytes), rate)
    } catch (error) {
      if (rate) {
        rate.cancel()
        reply.limitHeaders = rate.headers
      }
      throw error
    }
  }

  /** Gives back all that is leased; called when nothing is under way any more. */
  async close(): Promise<void> {
    await Promise.all([this.rates.close(), this.money.close()])
  }
}

class HeldAdmission implements Admission {
  constructor(
    private readonly hold: Hold,
    private readonly rate: RateAdmission | undefined,
  ) {}

  get startedAtMs(): number {
    return this.hold.startedAtMs
  }

  get document(): ChatDocument {
    return this.hold.document
  }

  get record(): HoldRecord {
    return this.hold.record
  }

  settle(usage: Usage): void {
    this.rate?.settle(usage)
    this.hold.settle(usage)
  }
}
