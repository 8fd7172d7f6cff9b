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
import {
  CreateWorkloadDto,
  ListWorkloadsQuery,
  WorkloadResponse,
  toResponse,
  UpdateWorkloadDto,
} from './workload.dto.js'
import { WorkloadService } from './workload.service.js'

@ApiTags('Workloads')
@Controller('v1/workloads')
export class WorkloadController {
  constructor(private readonly workloads: WorkloadService) {}

  @Post()
  @ApiOperation({ operationId: 'createWorkload', summary: 'Create a workload' })
  @ApiCreatedResponse({ type: WorkloadResponse, description: 'The new workload.' })
  @ApiErrors('invalid_request', 'workspace_not_found', 'already_exists', 'request_too_large')
  async create(@CurrentCaller() caller: Caller, @Body() dto: CreateWorkloadDto): Promise<WorkloadResponse> {
    return toResponse(await this.workloads.create(caller, dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listWorkloads', summary: 'List workloads, by id' })
  @ApiOkResponse({ type: PageOf(WorkloadResponse), description: 'A page of workloads.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListWorkloadsQuery,
  ): Promise<Page<WorkloadResponse>> {
    return toPage(await this.workloads.list(caller, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getWorkload', summary: 'Get a workload' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: WorkloadResponse, description: 'The workload.' })
  @ApiErrors('workload_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<WorkloadResponse> {
    return toResponse(await this.workloads.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateWorkload',
    summary: 'Change a workload; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: WorkloadResponse, description: 'The workload as it is now.' })
  @ApiErrors('invalid_request', 'workload_not_found', 'request_too_large')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateWorkloadDto,
  ): Promise<WorkloadResponse> {
    return toResponse(await this.workloads.update(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteWorkload', summary: 'Delete a workload that nothing uses' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('workload_not_found', 'in_use')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.workloads.delete(caller, id)
  }
}
