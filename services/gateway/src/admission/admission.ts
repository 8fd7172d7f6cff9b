import type { Usage } from '../inference/usage.js'
import type { ChatDocument } from '../providers/openai/chat-completions.js'
import type { KnownModel } from '../snapshot/catalog-state.js'
import type { KnownKey, TeamLine } from '../snapshot/identity-state.js'
import type { Hold, Money } from './money.js'

/** Who asks for what: all that limits and budgets are found by. */
export interface AdmittedRoute {
  readonly key: KnownKey
  readonly team: TeamLine
  readonly model: KnownModel
}

/** Leave to make one attempt. Whoever has it settles it once, however the attempt ends. */
export interface Admission {
  /** When the attempt starts, milliseconds since 1970: decides its price and its budgets' periods. */
  readonly startedAtMs: number
  /** What may be sent: its output may be limited to what a budget allows. */
  readonly document: ChatDocument
  /** The attempt is over; `noUsage` when nothing can be owed. */
  settle(usage: Usage): void
}

/** The step "admit": what a request may use is set aside before anything is called. */
export class AdmissionControl {
  constructor(private readonly money: Money) {}

  /**
   * Holds what an attempt may cost, at most.
   * @param bytes length of the request's body
   * @throws AppError budget_exceeded, service_unavailable; nothing is held then.
   */
  async admit(route: AdmittedRoute, document: ChatDocument, bytes: number): Promise<Admission> {
    const hold = await this.money.hold(route, document, bytes)
    return new HeldAdmission(hold)
  }

  /** Gives back all that is leased; called when nothing is under way any more. */
  close(): Promise<void> {
    return this.money.close()
  }
}

class HeldAdmission implements Admission {
  constructor(private readonly hold: Hold) {}

  get startedAtMs(): number {
    return this.hold.startedAtMs
  }

  get document(): ChatDocument {
    return this.hold.document
  }

  settle(usage: Usage): void {
    this.hold.settle(usage)
  }
}
