import type { policyV1, WatchedState } from '@weir/contracts'

const scopeKey = (organization: string, scope: string, id: string): string => `${organization} ${scope} ${id}`

/** Which budgets there are, by what they are of. */
export class BudgetState implements WatchedState<policyV1.Budget> {
  /** Another one for each change, so that what was found may be kept. */
  revision = 0
  private readonly budgets = new Map<string, policyV1.Budget>()
  private readonly byScope = new Map<string, policyV1.Budget[]>()

  get isEmpty(): boolean {
    return this.budgets.size === 0
  }

  get(id: string): policyV1.Budget | undefined {
    return this.budgets.get(id)
  }

  find(organization: string, scope: string, id: string): readonly policyV1.Budget[] {
    return this.byScope.get(scopeKey(organization, scope, id)) ?? []
  }

  upsert(budget: policyV1.Budget): void {
    this.remove('budget', budget.id)
    this.budgets.set(budget.id, budget)
    const key = scopeKey(budget.organization, budget.scope, budget.scopeId)
    this.byScope.set(key, [...(this.byScope.get(key) ?? []), budget])
    this.revision++
  }

  remove(_kind: string, id: string): void {
    const budget = this.budgets.get(id)
    if (!budget) return
    this.revision++
    this.budgets.delete(id)
    const key = scopeKey(budget.organization, budget.scope, budget.scopeId)
    const others = this.byScope.get(key)?.filter((other) => other.id !== id) ?? []
    if (others.length > 0) this.byScope.set(key, others)
    else this.byScope.delete(key)
  }

  all(): policyV1.Budget[] {
    return [...this.budgets.values()]
  }
}
