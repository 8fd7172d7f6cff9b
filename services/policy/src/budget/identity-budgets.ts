import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import { type GrpcClient, type identityV1, Watcher } from '@weir/contracts'
import type { Logger } from '@weir/observability'
import { DataSource } from 'typeorm'
import { Budget, type BudgetScope } from './budget.entity.js'
import { BudgetService } from './budget.service.js'
import { IdentityState } from './identity-state.js'
import type { ScopeDirectory } from './scope-directory.js'

const retryMs = 1_000
const findTimeoutMs = 2_000

/** In place of a scope and id: all that are stored. */
const everything = '*'

/** Identity's watch, as far as it is needed. */
export type IdentityWatch = Pick<
  GrpcClient<typeof identityV1.IdentitySnapshotServiceService>,
  'watchIdentity'
>

/** Where identity is watched, and the log. */
export class IdentityWatchClient {
  constructor(
    readonly identity: IdentityWatch,
    readonly logger: Logger,
  ) {}
}

/**
 * Keeps a budget for each `max_budget` of a team or key, over identity's watch stream. Every replica
 * does: whatever is already as it shall be is left alone.
 */
@Injectable()
export class IdentityBudgets implements ScopeDirectory {
  private readonly watcher: Watcher<identityV1.IdentityResource, IdentityState>
  private readonly touched = new Set<string>()
  private readonly logger: Logger
  private applying: Promise<void> | undefined
  private seen: IdentityState | undefined
  private closed = false

  constructor(
    { identity, logger }: IdentityWatchClient,
    private readonly dataSource: DataSource,
    private readonly budgets: BudgetService,
  ) {
    this.logger = logger
    this.watcher = new Watcher({
      name: 'identity',
      createState: () => new IdentityState(),
      open: (from) => identity.watchIdentity(from),
      onApplied: () => this.note(),
      logger,
    })
  }

  start(): void {
    this.watcher.start()
  }

  async close(): Promise<void> {
    this.closed = true
    this.watcher.close()
    await this.applying
  }

  /** Organization of a team, workspace, …; waits a moment for what was made just now. */
  async organizationOf(scope: BudgetScope, id: string): Promise<string | undefined> {
    for (const until = Date.now() + findTimeoutMs; ;) {
      const organization = this.watcher.state.organizationOf(scope, id)
      if (organization !== undefined || Date.now() > until) return organization
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  isWithin(scope: BudgetScope, id: string, workspaces: readonly string[]): boolean {
    return this.watcher.state.isWithin(scope, id, workspaces)
  }

  private note(): void {
    const { state } = this.watcher
    // A whole state says nothing of the limits that were removed before it.
    if (state !== this.seen) this.touched.add(everything)
    this.seen = state
    for (const key of state.takeTouched()) this.touched.add(key)
    if (this.touched.size > 0) this.applying ??= asService('follow-identity', () => this.apply())
  }

  private async apply(): Promise<void> {
    while (this.touched.size > 0 && !this.closed) {
      const keys = [...this.touched]
      this.touched.clear()
      try {
        const stored = await this.stored(keys.includes(everything) ? undefined : keys)
        const all = new Set([...keys, ...stored.keys()])
        all.delete(everything)
        for (const key of all) await this.budgets.follow(stored.get(key), this.watcher.state.limitOf(key))
      } catch (error) {
        for (const key of keys) this.touched.add(key)
        this.logger.warn({ err: error }, 'The budgets of teams and keys could not be kept; trying again.')
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
    this.applying = undefined
  }

  /** The budgets that follow identity, by scope and id; undefined: all. */
  private async stored(keys: string[] | undefined): Promise<Map<string, Budget>> {
    const query = this.dataSource.createQueryBuilder(Budget, 'budget').where(`budget.source = 'identity'`)
    if (keys) query.andWhere(`budget.scope || '/' || budget.scope_id = ANY(:keys)`, { keys })
    return new Map((await query.getMany()).map((budget) => [`${budget.scope}/${budget.scopeId}`, budget]))
  }
}
