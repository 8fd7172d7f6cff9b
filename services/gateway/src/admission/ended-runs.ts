import type { policyV1 } from '@weir/contracts'
import type { Logger } from '@weir/observability'
import type { GatewayRuns } from '../journal/gateway-runs.js'

const firstPauseMs = 250
const maxPauseMs = 5_000

/** A gateway that has crashed again and again while the bus was away has many. */
const maxRuns = 50

interface EndedRunsOptions {
  runs: Pick<GatewayRuns, 'ended' | 'forget'>
  endRuns: (request: policyV1.EndRunsRequest) => Promise<policyV1.EndRunsResponse>
  logger: Logger
}

/**
 * Tells the policy service how many attempts the runs before this one had begun, until it has charged
 * all of them: then what they had leased comes back.
 */
export class EndedRuns {
  private timer: NodeJS.Timeout | undefined
  private closed = false
  /** Where the next part of the runs begins: one that cannot be closed yet keeps no other one waiting. */
  private next = 0

  constructor(private readonly options: EndedRunsOptions) {}

  start(): void {
    void this.tell(firstPauseMs)
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
  }

  private async tell(pauseMs: number): Promise<void> {
    const { runs, endRuns, logger } = this.options
    const { ended } = runs
    if (ended.length === 0 || this.closed) return
    if (this.next >= ended.length) this.next = 0
    const part = ended.slice(this.next, this.next + maxRuns)
    this.next += part.length
    try {
      const told = part.map(({ gatewayRun, attempts }) => ({
        gateway: gatewayRun,
        attempts: String(attempts),
      }))
      const { closed } = await endRuns({ runs: told })
      for (const run of closed) runs.forget(run)
      this.next -= closed.length
    } catch (error) {
      logger.debug({ err: error }, 'Earlier runs could not be ended; trying again.')
    }
    if (this.closed || runs.ended.length === 0) return
    this.timer = setTimeout(() => void this.tell(Math.min(pauseMs * 2, maxPauseMs)), pauseMs).unref()
  }
}
