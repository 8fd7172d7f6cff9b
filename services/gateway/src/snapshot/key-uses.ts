import type { identityV1 } from '@weir/contracts'
import type { Logger } from '@weir/observability'
import type { KnownKey } from './identity-state.js'

/** Half of the time after which a use must be seen, less what the report itself takes. */
const reportEveryMs = 20_000
const maxUses = 5_000

type Report = (request: identityV1.ReportVirtualKeyUsesRequest) => Promise<unknown>

/**
 * When virtual keys were last used, told to identity every few seconds. The first use of a key in each
 * period counts, so that a request costs one comparison.
 */
export class KeyUses {
  private period = 1
  private uses: identityV1.VirtualKeyUse[] = []
  private readonly timer: NodeJS.Timeout
  private isFailing = false

  constructor(
    private readonly report: Report,
    private readonly logger: Logger,
  ) {
    this.timer = setInterval(() => void this.flush(), reportEveryMs)
    this.timer.unref()
  }

  /** Notes that a key was let in. */
  note(key: KnownKey): void {
    if (key.usedIn === this.period) return
    key.usedIn = this.period
    this.uses.push({
      organization: key.organization,
      virtualKey: key.id,
      workload: key.workload,
      usedAtMs: String(Date.now()),
    })
  }

  /** Reports what was noted since; what cannot be reported is lost, since later uses follow. */
  async flush(): Promise<void> {
    const { uses } = this
    this.uses = []
    this.period++
    try {
      for (let from = 0; from < uses.length; from += maxUses) {
        await this.report({ uses: uses.slice(from, from + maxUses) })
      }
      this.isFailing = false
    } catch (error) {
      if (!this.isFailing)
        this.logger.warn({ err: error }, 'The last use of keys cannot be told to identity.')
      this.isFailing = true
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await this.flush()
  }
}
