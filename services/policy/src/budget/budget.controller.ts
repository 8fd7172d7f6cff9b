import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger'
import { AppError, type ErrorCode, invalidFields } from '@weir/errors'
import { ApiErrors, type Caller, CurrentCaller, type Page, PageOf, toPage } from '@weir/http'
import {
  BudgetResponse,
  CreateBudgetDto,
  ListBudgetsQuery,
  toChange,
  toFields,
  toResponse,
  toScope,
  UpdateBudgetDto,
} from './budget.dto.js'
import type { BudgetScope } from './budget.entity.js'
import { BudgetService } from './budget.service.js'
import { ScopeDirectory } from './scope-directory.js'

const unknownScope = (scope: BudgetScope, id: string): AppError => {
  switch (scope) {
    case 'organization':
      return AppError.of('organization_not_found', { organization: id }, { param: 'scope' })
    case 'team':
      return AppError.of('team_not_found', { team: id }, { param: 'scope' })
    case 'workspace':
      return AppError.of('workspace_not_found', { workspace: id }, { param: 'scope' })
    case 'workload':
      return AppError.of('workload_not_found', { workload: id }, { param: 'scope' })
    case 'key':
      return AppError.of('key_not_found', { key: id }, { param: 'scope' })
  }
}

const scopeErrors: ErrorCode[] = [
  'organization_not_found',
  'team_not_found',
  'workspace_not_found',
  'workload_not_found',
  'key_not_found',
]

@ApiTags('Budgets')
@Controller('v1/budgets')
export class BudgetController {
  constructor(
    private readonly budgets: BudgetService,
    private readonly scopes: ScopeDirectory,
  ) {}

  @Post()
  @ApiOperation({ operationId: 'createBudget', summary: 'Limit what may be spent' })
  @ApiCreatedResponse({ type: BudgetResponse, description: 'The new budget.' })
  @ApiErrors('invalid_request', 'request_too_large', ...scopeErrors)
  async create(@CurrentCaller() caller: Caller, @Body() dto: CreateBudgetDto): Promise<BudgetResponse> {
    const scope = toScope(dto.scope)
    if (!scope) {
      const message = 'must name exactly one of organization, team, workspace, workload and key'
      throw invalidFields([{ field: 'scope', message }])
    }
    const organization = await this.scopes.organizationOf(scope.scope, scope.scopeId)
    if (organization !== caller.organization) throw unknownScope(scope.scope, scope.scopeId)
    return toResponse(await this.budgets.create(caller, toFields(dto, scope)))
  }

  @Get()
  @ApiOperation({ operationId: 'listBudgets', summary: 'List budgets, oldest first' })
  @ApiOkResponse({ type: PageOf(BudgetResponse), description: 'A page of budgets.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListBudgetsQuery,
  ): Promise<Page<BudgetResponse>> {
    return toPage(await this.budgets.list(caller, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getBudget', summary: 'Get a budget' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: BudgetResponse, description: 'The budget.' })
  @ApiErrors('budget_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<BudgetResponse> {
    return toResponse(await this.budgets.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({ operationId: 'updateBudget', summary: 'Change a budget; in force at once' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: BudgetResponse, description: 'The budget as it is now.' })
  @ApiErrors('invalid_request', 'budget_not_found', 'request_too_large')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateBudgetDto,
  ): Promise<BudgetResponse> {
    return toResponse(await this.budgets.update(caller, id, toChange(dto)))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteBudget', summary: 'Delete a budget' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('invalid_request', 'budget_not_found')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.budgets.delete(caller, id)
  }
}
