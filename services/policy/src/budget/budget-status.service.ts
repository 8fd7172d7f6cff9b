import { Injectable } from '@nestjs/common'
import { inOrganization } from '@weir/audit'
import type { policyV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import type { Caller } from '@weir/http'
import { DataSource } from 'typeorm'
import { Budget, type BudgetScope } from './budget.entity.js'
import { BudgetService } from './budget.service.js'
import {
  type BudgetStatusResponse,
  readStandings,
  type Standing,
  toProto,
  toStatusResponse,
} from './budget-status.js'
import { ScopeDirectory } from './scope-directory.js'

/** How budgets stand, to whom it may concern. */
@Injectable()
export class BudgetStatusService {
  constructor(
    private readonly budgets: BudgetService,
    private readonly scopes: ScopeDirectory,
    private readonly dataSource: DataSource,
  ) {}

  /** Whoever is confined to some workspaces sees the budgets of these, and of what they spend from. */
  async read(caller: Caller, scope: BudgetScope, id: string): Promise<BudgetStatusResponse> {
    const isSeen = caller.visible === undefined || this.scopes.isWithin(scope, id, caller.visible)
    if (!isSeen) throw AppError.of('budget_not_found', { budget: `${scope} ${id}` })
    const budgets = await this.budgets.listOf(caller, scope, id)
    return toStatusResponse(await this.readAtOnce(budgets))
  }

  /** For another service, which has checked who asks of it. */
  readScopes({ organization, scopes }: policyV1.ReadBudgetsRequest): Promise<policyV1.ReadBudgetsResponse> {
    return inOrganization(organization, async () => {
      const found = await this.dataSource.manager
        .createQueryBuilder(Budget, 'budget')
        .where('budget.organization = :organization', { organization })
        .andWhere('(scope, scope_id) IN (SELECT * FROM unnest(:kinds::text[], :ids::text[]))', {
          kinds: scopes.map(({ scope }) => scope),
          ids: scopes.map(({ scopeId }) => scopeId),
        })
        .orderBy('budget.id')
        .getMany()
      const inOrder = scopes.flatMap((of) =>
        found.filter(({ scope, scopeId }) => scope === of.scope && scopeId === of.scopeId),
      )
      return { budgets: (await this.readAtOnce(inOrder)).map(toProto) }
    })
  }

  /** What is charged between two looks would be in neither: not spent yet, and not held any more. */
  private readAtOnce(budgets: Budget[]): Promise<Standing[]> {
    return this.dataSource.transaction('REPEATABLE READ', (manager) => readStandings(manager, budgets))
  }
}
