import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common'
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller, type Page, PageOf, toPage } from '@weir/http'
import type { FastifyReply } from 'fastify'
import { DeletedWorkspaces } from './deleted-workspaces.js'
import {
  CreateWorkspaceDto,
  ListWorkspacesQuery,
  WorkspaceResponse,
  toResponse,
  UpdateWorkspaceDto,
} from './workspace.dto.js'
import {
  toDeletionResponse,
  DeleteWorkspaceQuery,
  WorkspaceDeletionResponse,
} from './workspace-deletion.dto.js'
import { WorkspaceLifecycleService } from './workspace-lifecycle.service.js'
import { WorkspaceService } from './workspace.service.js'

@ApiTags('Workspaces')
@Controller('v1/workspaces')
export class WorkspaceController {
  constructor(
    private readonly workspaces: WorkspaceService,
    private readonly lifecycle: WorkspaceLifecycleService,
    private readonly deleted: DeletedWorkspaces,
  ) {}

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
    const isDeleted = query.deleted === 'true'
    return toPage(await (isDeleted ? this.deleted : this.workspaces).list(caller, query), {
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
  @ApiOperation({
    operationId: 'deleteWorkspace',
    summary:
      'Delete a workspace that nothing uses, or with `force` one with all that is in it; for 30 days it can be restored',
  })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: WorkspaceDeletionResponse, description: 'With `dry_run`: what would go.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('invalid_request', 'workspace_not_found', 'in_use')
  async delete(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { force = 'false', dry_run: dryRun = 'false' }: DeleteWorkspaceQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WorkspaceDeletionResponse | undefined> {
    if (dryRun === 'true') {
      void reply.status(200)
      return toDeletionResponse(await this.lifecycle.preview(caller, id))
    }
    await this.lifecycle.delete(caller, id, { force: force === 'true' })
    return undefined
  }

  @Post(':id/restore')
  @ApiOperation({
    operationId: 'restoreWorkspace',
    summary: 'Restore a workspace that was deleted in the last 30 days, with all that was in it',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiCreatedResponse({ type: WorkspaceResponse, description: 'The workspace.' })
  @ApiErrors('invalid_request', 'workspace_not_found', 'already_exists')
  async restore(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<WorkspaceResponse> {
    return toResponse(await this.lifecycle.restore(caller, id))
  }
}
