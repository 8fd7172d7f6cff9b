import { AppError } from '@weir/errors'
import { DataSource, type EntityManager } from 'typeorm'

interface BoundedReadsOptions {
  /** Reads that run at once; below the size of the pool, so that writing always finds a connection. */
  atOnce: number
  /** Time that each statement may take. */
  timeoutMs: number
  /** Reads that may wait for their turn. */
  maxWaiting: number
}

const defaults: BoundedReadsOptions = { atOnce: 4, timeoutMs: 10_000, maxWaiting: 100 }

/** PostgreSQL cancelled the statement: it took longer than `statement_timeout`. */
const cancelled = '57014'

/** Reads that people ask for and that may be long: however many and however slow, they do not hold up what a service is for. */
export class BoundedReads {
  private running = 0
  private readonly waiting: (() => void)[] = []
  private readonly options: BoundedReadsOptions

  constructor(
    private readonly dataSource: DataSource,
    options: Partial<BoundedReadsOptions> = {},
  ) {
    this.options = { ...defaults, ...options }
  }

  /** @throws AppError service_unavailable when it takes too long, or too many wait. */
  async run<T>(read: (manager: EntityManager) => Promise<T>): Promise<T> {
    await this.turn()
    try {
      return await this.dataSource.transaction(async (manager) => {
        await manager.query(`SET LOCAL statement_timeout = ${this.options.timeoutMs}`)
        return read(manager)
      })
    } catch (error) {
      throw isTooSlow(error) ? this.tooSlow(error) : error
    } finally {
      this.running--
      this.waiting.shift()?.()
    }
  }

  private async turn(): Promise<void> {
    const { atOnce, maxWaiting } = this.options
    if (this.waiting.length >= maxWaiting) {
      const reason = 'Too many reports are being made at once. Try again in a few seconds.'
      throw AppError.of('service_unavailable', { reason }, { retryAfterS: 5 })
    }
    if (this.running >= atOnce) await new Promise<void>((resolve) => this.waiting.push(resolve))
    this.running++
  }

  private tooSlow(cause: unknown): AppError {
    const seconds = this.options.timeoutMs / 1_000
    const reason = `The report was not ready after ${seconds} s. Ask for a shorter period, fewer dimensions, or add a filter.`
    return AppError.of('service_unavailable', { reason }, { cause })
  }
}

function isTooSlow(error: unknown): boolean {
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } }
  return code === cancelled || driverError?.code === cancelled
}
