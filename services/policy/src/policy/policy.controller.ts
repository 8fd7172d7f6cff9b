import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common'
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller, type Page, PageOf, toPage } from '@weir/http'
import { PlanDto, PlanResponse, toPlanResponse } from './plan.dto.js'
import {
  CreatePolicyDto,
  ListPoliciesQuery,
  PolicyResponse,
  toResponse,
  UpdatePolicyDto,
} from './policy.dto.js'
import { PolicyService } from './policy.service.js'
import { ListVersionsQuery, PolicyVersionResponse, toVersionResponse } from './policy-version.dto.js'

@ApiTags('Policies')
@Controller('v1/policies')
export class PolicyController {
  constructor(private readonly policies: PolicyService) {}

  @Post()
  @ApiOperation({ operationId: 'createPolicy', summary: 'Create a rule on contents; in force at once' })
  @ApiCreatedResponse({ type: PolicyResponse, description: 'The new policy, with its plan.' })
  @ApiErrors(
    ...(['invalid_request', 'workspace_not_found', 'workload_not_found'] as const),
    ...(['already_exists', 'request_too_large'] as const),
  )
  async create(@CurrentCaller() caller: Caller, @Body() dto: CreatePolicyDto): Promise<PolicyResponse> {
    return toResponse(await this.policies.create(caller, dto))
  }

  @Post('plan')
  @HttpCode(200)
  @ApiOperation({ operationId: 'planPolicy', summary: 'How a policy would be evaluated; nothing is saved' })
  @ApiOkResponse({ type: PlanResponse, description: 'The plan.' })
  @ApiErrors('invalid_request', 'request_too_large')
  plan(@Body() dto: PlanDto): PlanResponse {
    return toPlanResponse(this.policies.plan(dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listPolicies', summary: 'List policies, oldest first' })
  @ApiOkResponse({ type: PageOf(PolicyResponse), description: 'A page of policies.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListPoliciesQuery,
  ): Promise<Page<PolicyResponse>> {
    return toPage(await this.policies.list(caller, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getPolicy', summary: 'Get a policy, by id or name' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: PolicyResponse, description: 'The policy.' })
  @ApiErrors('policy_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<PolicyResponse> {
    return toResponse(await this.policies.get(caller, id))
  }

  @Get(':id/versions')
  @ApiOperation({ operationId: 'listPolicyVersions', summary: 'What a policy was, the newest first' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: PageOf(PolicyVersionResponse), description: 'A page of versions.' })
  @ApiErrors('invalid_request', 'policy_not_found')
  async versions(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: ListVersionsQuery,
  ): Promise<Page<PolicyVersionResponse>> {
    return toPage(await this.policies.listVersions(caller, id, query), {
      limit: query.limit,
      cursor: ({ version }) => [String(version)],
      toResponse: toVersionResponse,
    })
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updatePolicy',
    summary: 'Change a policy; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: PolicyResponse, description: 'The policy as it is now.' })
  @ApiErrors(
    ...(['invalid_request', 'policy_not_found', 'workspace_not_found', 'workload_not_found'] as const),
    ...(['already_exists', 'request_too_large'] as const),
  )
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdatePolicyDto,
  ): Promise<PolicyResponse> {
    return toResponse(await this.policies.update(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deletePolicy', summary: 'Delete a policy; what violated it stays on record' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('policy_not_found')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.policies.delete(caller, id)
  }
}
