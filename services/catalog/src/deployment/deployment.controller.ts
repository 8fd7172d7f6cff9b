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
import { CreateDeploymentDto, ListDeploymentsQuery, UpdateDeploymentDto } from './deployment.dto.js'
import { DeploymentResponse, toResponse } from './deployment.response.js'
import { DeploymentService } from './deployment.service.js'

@ApiTags('Deployments')
@Controller('v1/deployments')
export class DeploymentController {
  constructor(private readonly deployments: DeploymentService) {}

  @Post()
  @ApiOperation({ operationId: 'createDeployment', summary: 'Create a deployment' })
  @ApiCreatedResponse({ type: DeploymentResponse, description: 'The new deployment.' })
  @ApiErrors(
    'invalid_request',
    'workspace_not_found',
    'model_not_found',
    'deployment_not_found',
    'already_exists',
    'request_too_large',
  )
  async create(
    @CurrentCaller() caller: Caller,
    @Body() dto: CreateDeploymentDto,
  ): Promise<DeploymentResponse> {
    return toResponse(await this.deployments.create(caller, dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listDeployments', summary: 'List deployments, oldest first' })
  @ApiOkResponse({ type: PageOf(DeploymentResponse), description: 'A page of deployments.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListDeploymentsQuery,
  ): Promise<Page<DeploymentResponse>> {
    return toPage(await this.deployments.list(caller, query), {
      limit: query.limit,
      cursor: ({ deployment }) => [deployment.id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getDeployment', summary: 'Get a deployment, by id or name' })
  @ApiParam({ name: 'id', description: 'Its id, or its name where no other workspace has one of that name.' })
  @ApiOkResponse({ type: DeploymentResponse, description: 'The deployment.' })
  @ApiErrors('invalid_request', 'deployment_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<DeploymentResponse> {
    return toResponse(await this.deployments.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateDeployment',
    summary: 'Change a deployment; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id, or its name where no other workspace has one of that name.' })
  @ApiOkResponse({ type: DeploymentResponse, description: 'The deployment as it is now.' })
  @ApiErrors(
    'invalid_request',
    'deployment_not_found',
    'model_not_found',
    'already_exists',
    'in_use',
    'request_too_large',
  )
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateDeploymentDto,
  ): Promise<DeploymentResponse> {
    return toResponse(await this.deployments.update(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteDeployment', summary: 'Delete a deployment that nothing uses' })
  @ApiParam({ name: 'id', description: 'Its id, or its name where no other workspace has one of that name.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('invalid_request', 'deployment_not_found', 'in_use')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.deployments.delete(caller, id)
  }
}
