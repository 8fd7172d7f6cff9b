import { Injectable } from '@nestjs/common'
import type { GrpcClient, policyV1 } from '@weir/contracts'

/** The client of policy's BudgetService, as far as it is needed. */
export type PolicyBudgetClient = Pick<GrpcClient<typeof policyV1.BudgetServiceService>, 'readBudgets'>

/** How budgets stand that policy keeps. */
@Injectable()
export class PolicyBudgets {
  constructor(private readonly client: PolicyBudgetClient) {}

  /** In the order of the scopes; undefined when policy does not answer: what a key may do is known without it. */
  async find(request: policyV1.ReadBudgetsRequest): Promise<policyV1.BudgetStatus[] | undefined> {
    try {
      return (await this.client.readBudgets(request)).budgets
    } catch {
      return undefined
    }
  }
}
