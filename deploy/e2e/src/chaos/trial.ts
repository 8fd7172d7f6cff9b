import { inForce } from '../stack/scene.js'
import { Client, type ClientOutcome } from './client.js'
import { collectEvidence } from './collect.js'
import type { Evidence } from './evidence.js'
import type { Instance } from './instance.js'
import { runLoad } from './load.js'
import { createOrganization, type Organization } from './organization.js'
import { planRequests } from './plan.js'
import { type OnTheWay, waitUntilSettled } from './settling.js'

const tellEveryMs = 5_000

/** Loads that run over one instance, and what they come to together. */
export class Trial {
  /** What the clients of all loads saw. */
  readonly outcomes: ClientOutcome[] = []

  private constructor(
    public instance: Instance,
    readonly organization: Organization,
    private readonly say: (line: string) => void,
  ) {}

  /** Makes the organization that the loads need, and waits until it is in force on every gateway. */
  static async prepare(
    instance: Instance,
    { say = () => undefined, isBudgeted = true }: { say?: (line: string) => void; isBudgeted?: boolean } = {},
  ): Promise<Trial> {
    const { weir, gateways, management, upstream } = instance
    const organization = await createOrganization(management, upstream, isBudgeted)
    for (const key of organization.keys) {
      for (const { name } of organization.models) await inForce({ url: weir.url, gateways }, key, name)
    }
    return new Trial(instance, organization, say)
  }

  /** Sends requests and waits for the end of all; no two loads of a trial may have the same seed. */
  async load(options: {
    requests: number
    /** Begun in a second. */
    rate: number
    seed: number
    onOutcome?: (outcome: ClientOutcome) => void
  }): Promise<ClientOutcome[]> {
    const { keys, models } = this.organization
    const client = new Client(this.instance.weir.url, this.organization)
    try {
      const outcomes = await runLoad({
        ...{ client, rate: options.rate, onOutcome: options.onOutcome ?? (() => undefined) },
        requests: planRequests({
          ...{ seed: options.seed, requests: options.requests, keys: keys.length },
          modelsWithDetails: models.map(({ hasDetails }) => hasDetails),
        }),
      })
      this.outcomes.push(...outcomes)
      return outcomes
    } finally {
      client.close()
    }
  }

  /** Waits until every process is back and nothing is on its way; false when it gives up. */
  settle(timeoutMs: number): Promise<boolean> {
    let toldAt = Date.now()
    return waitUntilSettled(this.instance, {
      timeoutMs,
      onWaiting: (state) => {
        if (Date.now() - toldAt < tellEveryMs) return
        toldAt = Date.now()
        this.say(state ? `waiting: ${describe(state)}` : 'waiting for every process to be back')
      },
    })
  }

  /** Asks everyone who counts. */
  collect(): Promise<Evidence> {
    return collectEvidence(this.instance, this.outcomes, this.organization.models)
  }
}

const describe = ({ journals, unread, outboxes, ledger }: OnTheWay): string =>
  `${journals} in the journals, ${unread} unread, ${outboxes} in the outboxes, ${ledger} in the ledger`
