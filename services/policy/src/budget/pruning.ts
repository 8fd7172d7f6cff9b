import { asService } from '@weir/audit'
import type { Logger } from '@weir/observability'
import type { DataSource } from 'typeorm'

/**
 * Longer than the longest period and than the bus keeps an event: what is older can neither be counted
 * by a new budget nor come a second time.
 */
const keptDays = 40

/** Auditors ask about a year. */
const keptViolationDays = 366

const everyMs = 600_000
const batchSize = 10_000

const statements = [
  `DELETE FROM charge WHERE event_id IN
     (SELECT event_id FROM charge WHERE started_at < $1 LIMIT ${batchSize})`,
  // Periods of budgets for once begin with the budget and never end.
  `DELETE FROM lease USING budget b WHERE b.id = lease.budget AND b.period <> 'once' AND start_ms < $1`,
  `DELETE FROM budget_period USING budget b WHERE b.id = budget_period.budget AND b.period <> 'once' AND start_ms < $1`,
  `DELETE FROM gateway_run WHERE renewed_at < to_timestamp($1::double precision / 1000)
     AND NOT EXISTS (SELECT FROM lease WHERE gateway_run = gateway_run.id)`,
  // Of runs that are forgotten, however long ago.
  `DELETE FROM run_charge WHERE $1::bigint IS NOT NULL
     AND NOT EXISTS (SELECT FROM gateway_run WHERE id = run_charge.gateway_run)`,
]

/** Deletes now and then what nobody will ask for any more. */
export class Pruning {
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> | undefined
  private closed = false

  constructor(
    private readonly dataSource: DataSource,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      this.running ??= this.prune()
        .catch((err: unknown) =>
          this.logger.warn({ err }, 'Old charges could not be deleted; trying again later.'),
        )
        .finally(() => (this.running = undefined))
    }, everyMs)
    this.timer.unref()
  }

  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.timer)
    await this.running
  }

  /** Deletes what is older than it need be, a part at a time. */
  prune(nowMs = Date.now()): Promise<void> {
    const beforeMs = nowMs - keptDays * 86_400_000
    return asService('prune-charges', async () => {
      const [charges = '', ...periods] = statements
      for (let deleted = batchSize; deleted === batchSize && !this.closed;) {
        const [, count] = await this.dataSource.query<[unknown, number]>(charges, [new Date(beforeMs)])
        deleted = count
      }
      await this.dataSource.query(`DELETE FROM violation WHERE found_at < $1`, [
        new Date(nowMs - keptViolationDays * 86_400_000),
      ])
      // A month's period began at most 31 days before it ended.
      for (const statement of periods) {
        await this.dataSource.query(statement, [beforeMs - 31 * 86_400_000])
      }
    })
  }
}
