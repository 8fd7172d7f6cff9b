import { asService } from '@weir/audit'
import type { GrpcClient, identityV1 } from '@weir/contracts'
import { counter, type Logger } from '@weir/observability'
import type { DataSource } from 'typeorm'
import {
  deleteRequests,
  forgetRetentions,
  listRetentions,
  rememberRetentions,
} from './retention.repository.js'

/** How long workspaces keep their requests, as identity tells it. */
export type RetentionClient = Pick<
  GrpcClient<typeof identityV1.ReferenceServiceService>,
  'listRetentions' | 'findGoneWorkspaces'
>

/** Of what identity is asked in one call. */
const pageSize = 1_000

const deleted = counter(
  'weir_requests_deleted_total',
  'Rows of the request log that were over their retention.',
)

/**
 * Deletes rows of the ledger that are over the retention of their workspace; sums stay. What identity
 * tells is remembered: it holds while identity is away, and when a workspace is gone for good.
 */
export class Retention {
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> = Promise.resolve()
  private isClosed = false
  private isFailing = false

  constructor(
    private readonly dataSource: DataSource,
    private readonly identity: RetentionClient,
    private readonly logger: Logger,
  ) {}

  /** Now, and again and again. */
  start(intervalMs: number): void {
    const sweep = () => {
      this.running = this.sweep().then(() => {
        if (!this.isClosed) this.timer = setTimeout(sweep, intervalMs).unref()
      })
    }
    sweep()
  }

  async close(): Promise<void> {
    this.isClosed = true
    clearTimeout(this.timer)
    await this.running
  }

  private async sweep(): Promise<void> {
    try {
      await asService('retention', async () => {
        const failure = await this.update().catch((error: unknown) => error as Error)
        for (const retention of await listRetentions(this.dataSource)) await this.delete(retention)
        if (failure) throw failure
      })
      this.isFailing = false
    } catch (error) {
      if (!this.isFailing && !this.isClosed)
        this.logger.warn(
          { err: error },
          'What is over its retention could not all be deleted; trying again later.',
        )
      this.isFailing = true
    }
  }

  /** Rejects while identity is away. */
  private async update(): Promise<void> {
    const retentions: identityV1.Retention[] = []
    for (let afterWorkspace = ''; ;) {
      const page = (await this.identity.listRetentions({ afterWorkspace })).retentions
      if (page.length === 0) break
      retentions.push(...page)
      afterWorkspace = page.at(-1)?.workspace ?? ''
    }
    await rememberRetentions(this.dataSource, retentions)
    const told = new Set(retentions.map(({ workspace }) => workspace))
    const untold = (await listRetentions(this.dataSource))
      .map(({ workspace }) => workspace)
      .filter((workspace) => !told.has(workspace))
    for (let from = 0; from < untold.length; from += pageSize) {
      const workspaces = untold.slice(from, from + pageSize)
      // Of a workspace that is gone for good nobody has said that its requests shall be kept.
      const gone = new Set((await this.identity.findGoneWorkspaces({ workspaces })).workspaces)
      await forgetRetentions(
        this.dataSource,
        workspaces.filter((workspace) => !gone.has(workspace)),
      )
    }
  }

  private async delete(retention: identityV1.Retention): Promise<void> {
    for (let count = 1; count > 0 && !this.isClosed;) {
      count = await deleteRequests(this.dataSource, retention)
      if (count > 0) deleted.inc({}, count)
    }
  }
}
