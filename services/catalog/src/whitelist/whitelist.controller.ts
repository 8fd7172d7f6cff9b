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
  CreateWhitelistEntryDto,
  ListWhitelistQuery,
  toResponse,
  UpdateWhitelistEntryDto,
  WhitelistEntryResponse,
} from './whitelist.dto.js'
import { WhitelistService } from './whitelist.service.js'

@ApiTags('Whitelists')
@Controller('v1/workspaces/:id/models')
export class WhitelistController {
  constructor(private readonly whitelists: WhitelistService) {}

  @Post()
  @ApiOperation({
    operationId: 'createWhitelistEntry',
    summary: 'Let a workspace use a model; with its first entry it may use no other',
  })
  @ApiParam({ name: 'id', description: 'The workspace: id or name.' })
  @ApiCreatedResponse({ type: WhitelistEntryResponse, description: 'The new entry.' })
  @ApiErrors(
    'invalid_request',
    'workspace_not_found',
    'model_not_found',
    'already_exists',
    'request_too_large',
  )
  async create(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: CreateWhitelistEntryDto,
  ): Promise<WhitelistEntryResponse> {
    return toResponse(await this.whitelists.create(caller, id, dto))
  }

  @Get()
  @ApiOperation({
    operationId: 'listWhitelist',
    summary: 'List the models that a workspace is limited to, oldest entry first; none: it may use all',
  })
  @ApiParam({ name: 'id', description: 'The workspace: id or name.' })
  @ApiOkResponse({ type: PageOf(WhitelistEntryResponse), description: 'A page of entries.' })
  @ApiErrors('invalid_request', 'workspace_not_found')
  async list(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: ListWhitelistQuery,
  ): Promise<Page<WhitelistEntryResponse>> {
    return toPage(await this.whitelists.list(caller, id, query), {
      limit: query.limit,
      cursor: ({ entry }) => [entry.id],
      toResponse,
    })
  }

  @Get(':model')
  @ApiOperation({ operationId: 'getWhitelistEntry', summary: 'Get a workspace’s entry for a model' })
  @ApiParam({ name: 'id', description: 'The workspace: id or name.' })
  @ApiParam({ name: 'model', description: 'The model: id or name.' })
  @ApiOkResponse({ type: WhitelistEntryResponse, description: 'The entry.' })
  @ApiErrors('workspace_not_found', 'model_not_found')
  async get(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Param('model') model: string,
  ): Promise<WhitelistEntryResponse> {
    return toResponse(await this.whitelists.get(caller, id, model))
  }

  @Patch(':model')
  @ApiOperation({
    operationId: 'updateWhitelistEntry',
    summary: 'Change a workspace’s terms for a model; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'The workspace: id or name.' })
  @ApiParam({ name: 'model', description: 'The model: id or name.' })
  @ApiOkResponse({ type: WhitelistEntryResponse, description: 'The entry as it is now.' })
  @ApiErrors('invalid_request', 'workspace_not_found', 'model_not_found', 'request_too_large')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Param('model') model: string,
    @Body() dto: UpdateWhitelistEntryDto,
  ): Promise<WhitelistEntryResponse> {
    return toResponse(await this.whitelists.update(caller, id, model, dto))
  }

  @Delete(':model')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteWhitelistEntry',
    summary: 'Take a model from a workspace; without its last entry it may use every model again',
  })
  @ApiParam({ name: 'id', description: 'The workspace: id or name.' })
  @ApiParam({ name: 'model', description: 'The model: id or name.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('workspace_not_found', 'model_not_found')
  async delete(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Param('model') model: string,
  ): Promise<void> {
    await this.whitelists.delete(caller, id, model)
  }
}
