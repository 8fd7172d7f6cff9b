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
  CreateVirtualKeyDto,
  ListVirtualKeysQuery,
  RotateVirtualKeyDto,
  UpdateVirtualKeyDto,
} from './virtual-key.dto.js'
import {
  EffectiveRightsQuery,
  EffectiveRightsResponse,
  toHeadResponse,
  toModelResponse,
} from './effective-rights.dto.js'
import { EffectiveRightsService } from './effective-rights.service.js'
import { NewVirtualKeyResponse, toResponse, VirtualKeyResponse } from './virtual-key.response.js'
import { VirtualKeyService } from './virtual-key.service.js'

@ApiTags('Virtual keys')
@Controller('v1/keys')
export class VirtualKeyController {
  constructor(
    private readonly virtualKeys: VirtualKeyService,
    private readonly effectiveRights: EffectiveRightsService,
  ) {}

  @Post()
  @ApiOperation({
    operationId: 'createVirtualKey',
    summary: 'Create a virtual key; its value is shown this once',
  })
  @ApiCreatedResponse({ type: NewVirtualKeyResponse, description: 'The new virtual key with its value.' })
  @ApiErrors(
    'invalid_request',
    'workspace_not_found',
    'workload_not_found',
    'team_not_found',
    'member_not_found',
    'key_wider_than_maker',
    'request_too_large',
  )
  async create(
    @CurrentCaller() caller: Caller,
    @Body() dto: CreateVirtualKeyDto,
  ): Promise<NewVirtualKeyResponse> {
    const { virtualKey, value } = await this.virtualKeys.create(caller, dto)
    return { ...toResponse(virtualKey), key: value }
  }

  @Get()
  @ApiOperation({ operationId: 'listVirtualKeys', summary: 'List virtual keys, oldest first' })
  @ApiOkResponse({
    type: PageOf(VirtualKeyResponse),
    description: 'A page of virtual keys, without their values.',
  })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListVirtualKeysQuery,
  ): Promise<Page<VirtualKeyResponse>> {
    return toPage(await this.virtualKeys.list(caller, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getVirtualKey', summary: 'Get a virtual key, without its value' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: VirtualKeyResponse, description: 'The virtual key.' })
  @ApiErrors('key_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<VirtualKeyResponse> {
    return toResponse(await this.virtualKeys.get(caller, id))
  }

  @Get(':id/effective')
  @ApiOperation({
    operationId: 'getEffectiveRights',
    summary: 'Tell for every model why a virtual key may or may not use it, and which limits apply',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: EffectiveRightsResponse, description: 'What it may do now, and a page of models.' })
  @ApiErrors('invalid_request', 'key_not_found')
  async getEffectiveRights(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: EffectiveRightsQuery,
  ): Promise<EffectiveRightsResponse> {
    const rights = await this.effectiveRights.get(caller, id, query)
    const page = toPage(rights.models, {
      limit: query.limit,
      cursor: ({ name }) => [name],
      toResponse: toModelResponse,
    })
    return { ...toHeadResponse(rights, query.endpoint), ...page }
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateVirtualKey',
    summary: 'Change a virtual key; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: VirtualKeyResponse, description: 'The virtual key as it is now.' })
  @ApiErrors(
    'invalid_request',
    'key_not_found',
    'workload_not_found',
    'team_not_found',
    'key_wider_than_maker',
    'request_too_large',
  )
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateVirtualKeyDto,
  ): Promise<VirtualKeyResponse> {
    return toResponse(await this.virtualKeys.update(caller, id, dto))
  }

  @Post(':id/rotate')
  @ApiOperation({
    operationId: 'rotateVirtualKey',
    summary: 'Give a virtual key a new value; the old one stops working at once, or after a grace',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiCreatedResponse({ type: NewVirtualKeyResponse, description: 'The virtual key with its new value.' })
  @ApiErrors('invalid_request', 'key_not_found', 'request_too_large')
  async rotate(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: RotateVirtualKeyDto,
  ): Promise<NewVirtualKeyResponse> {
    const { virtualKey, value } = await this.virtualKeys.rotate(caller, id, dto.grace_period_s ?? 0)
    return { ...toResponse(virtualKey), key: value }
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteVirtualKey',
    summary: 'Delete a virtual key; it stops working at once',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('key_not_found')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.virtualKeys.delete(caller, id)
  }
}
