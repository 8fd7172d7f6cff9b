import { asService } from '@weir/audit'
import type { ChangeLog } from '@weir/database'
import type { Logger } from '@weir/observability'
import type { DataSource } from 'typeorm'
import type { IdentityReferenceClient } from '../reference/identity-references.js'

/** Of what identity is asked in one call. */
const pageSize = 1_000

/** Tables, and kinds of the change feed, whose rows belong to one workspace and are of no use without it. */
const kinds = ['whitelist_entry', 'deployment', 'repository'] as const

/**
 * Deletes the whitelists, deployments and repositories of workspaces that are gone for good: those that
 * can be restored keep theirs.
 * Nothing is done while identity is away.
 */
export class WhitelistPurge {
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> = Promise.resolve()
  private isClosed = false
  private isFailing = false

  constructor(
    private readonly dataSource: DataSource,
    private readonly changeLog: ChangeLog,
    private readonly identity: Pick<IdentityReferenceClient, 'findGoneWorkspaces'>,
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
      await asService('purge', async () => {
        for (let after: string | undefined = ''; after !== undefined && !this.isClosed;) {
          after = await this.purgePage(after)
        }
      })
      this.isFailing = false
    } catch (error) {
      if (!this.isFailing && !this.isClosed)
        this.logger.warn(
          { err: error },
          'What workspaces that are gone have left stays for now; trying again later.',
        )
      this.isFailing = true
    }
  }

  /** Gives the last workspace that was looked at; undefined: there are no more. */
  private async purgePage(after: string): Promise<string | undefined> {
    const rows = await this.dataSource.query<{ workspace: string }[]>(
      `${kinds.map((table) => `SELECT workspace FROM ${table} WHERE workspace > $1`).join(' UNION ')}
       ORDER BY workspace LIMIT $2`,
      [after, pageSize],
    )
    const workspaces = rows.map(({ workspace }) => workspace)
    if (workspaces.length === 0) return undefined
    const { workspaces: gone } = await this.identity.findGoneWorkspaces({ workspaces })
    if (gone.length > 0) await this.delete(gone)
    return workspaces.at(-1)
  }

  private async delete(workspaces: string[]): Promise<void> {
    await this.changeLog.write(async (manager, changed) => {
      for (const kind of kinds) {
        const [rows] = await manager.query<[{ id: string; organization: string }[], number]>(
          `DELETE FROM ${kind} WHERE workspace = ANY ($1::text[]) RETURNING id, organization`,
          [workspaces],
        )
        for (const row of rows) changed({ ...row, kind, action: 'deleted' })
      }
    })
  }
}
