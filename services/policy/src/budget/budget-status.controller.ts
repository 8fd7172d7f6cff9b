import { applyDecorators, Controller, Get, Param } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller } from '@weir/http'
import { BudgetStatusResponse } from './budget-status.js'
import { BudgetStatusService } from './budget-status.service.js'

function StatusOf(path: string, what: string, operationId: string): MethodDecorator {
  return applyDecorators(
    Get(`${path}/:id/budget`),
    ApiOperation({ operationId, summary: `How the budgets of ${what} stand` }),
    ApiParam({ name: 'id', description: 'Its id.' }),
    ApiOkResponse({ type: BudgetStatusResponse, description: 'Limit, spent, held and left.' }),
    ApiErrors('budget_not_found'),
  )
}

/** How budgets stand, below what they are of. */
@ApiTags('Budgets')
@Controller('v1')
export class BudgetStatusController {
  constructor(private readonly statuses: BudgetStatusService) {}

  @StatusOf('organizations', 'an organization', 'getOrganizationBudget')
  getOfOrganization(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<BudgetStatusResponse> {
    return this.statuses.read(caller, 'organization', id)
  }

  @StatusOf('teams', 'a team', 'getTeamBudget')
  getOfTeam(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<BudgetStatusResponse> {
    return this.statuses.read(caller, 'team', id)
  }

  @StatusOf('workspaces', 'a workspace', 'getWorkspaceBudget')
  getOfWorkspace(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<BudgetStatusResponse> {
    return this.statuses.read(caller, 'workspace', id)
  }

  @StatusOf('workloads', 'a workload', 'getWorkloadBudget')
  getOfWorkload(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<BudgetStatusResponse> {
    return this.statuses.read(caller, 'workload', id)
  }

  @StatusOf('keys', 'a virtual key', 'getKeyBudget')
  getOfKey(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<BudgetStatusResponse> {
    return this.statuses.read(caller, 'key', id)
  }
}
