import type { BudgetScope } from './budget.entity.js'

/** What there is that a budget can be of. */
export abstract class ScopeDirectory {
  /** Organization of a team, workspace, …; undefined: there is none. */
  abstract organizationOf(scope: BudgetScope, id: string): Promise<string | undefined>

  /** Whether it is in one of some workspaces, or a team that virtual keys of them spend from. */
  abstract isWithin(scope: BudgetScope, id: string, workspaces: readonly string[]): boolean
}
