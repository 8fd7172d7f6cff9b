import type { BudgetScope } from './budget.entity.js'

/** What there is that a budget can be of. */
export abstract class ScopeDirectory {
  /** Organization of a team, workspace, …; undefined: there is none. */
  abstract organizationOf(scope: BudgetScope, id: string): Promise<string | undefined>
}
