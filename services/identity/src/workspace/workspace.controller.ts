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
  CreateWorkspaceDto,
  ListWorkspacesQuery,
  WorkspaceResponse,
  toResponse,
  UpdateWorkspaceDto,
} from './workspace.dto.js'
import { WorkspaceService } from './workspace.service.js'

@ApiTags('Workspaces')
@Controller('v1/workspaces')
export class WorkspaceController {
  constructor(private readonly workspaces: WorkspaceService) {}

  @Post()
  @ApiOperation({ operationId: 'createWorkspace', summary: 'Create a workspace' })
  @ApiCreatedResponse({ type: WorkspaceResponse, description: 'The new workspace.' })
  @ApiErrors('invalid_request', 'already_exists', 'request_too_large')
  async create(@CurrentCaller() caller: Caller, @Body() dto: CreateWorkspaceDto): Promise<WorkspaceResponse> {
    return toResponse(await this.workspaces.create(caller, dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listWorkspaces', summary: 'List workspaces, oldest first' })
  @ApiOkResponse({ type: PageOf(WorkspaceResponse), description: 'A page of workspaces.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListWorkspacesQuery,
  ): Promise<Page<WorkspaceResponse>> {
    return toPage(await this.workspaces.list(caller, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getWorkspace', summary: 'Get a workspace, by id or name' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: WorkspaceResponse, description: 'The workspace.' })
  @ApiErrors('workspace_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<WorkspaceResponse> {
    return toResponse(await this.workspaces.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateWorkspace',
    summary: 'Change a workspace; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: WorkspaceResponse, description: 'The workspace as it is now.' })
  @ApiErrors('invalid_request', 'workspace_not_found', 'already_exists', 'request_too_large')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateWorkspaceDto,
  ): Promise<WorkspaceResponse> {
    return toResponse(await this.workspaces.update(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteWorkspace', summary: 'Delete a workspace that nothing uses' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('workspace_not_found', 'in_use')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.workspaces.delete(caller, id)
  }
}
