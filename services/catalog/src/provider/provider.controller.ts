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
  CreateProviderDto,
  ListProvidersQuery,
  ProviderResponse,
  ProviderValidationResponse,
  toResponse,
  toValidationResponse,
  UpdateProviderDto,
  ValidateProviderDto,
} from './provider.dto.js'
import { ProviderService } from './provider.service.js'

@ApiTags('Providers')
@Controller('v1/providers')
export class ProviderController {
  constructor(private readonly providers: ProviderService) {}

  @Post()
  @ApiOperation({ operationId: 'createProvider', summary: 'Create a provider' })
  @ApiCreatedResponse({ type: ProviderResponse, description: 'The new provider.' })
  @ApiErrors('invalid_request', 'workspace_not_found', 'already_exists', 'request_too_large')
  async create(@CurrentCaller() caller: Caller, @Body() dto: CreateProviderDto): Promise<ProviderResponse> {
    return toResponse(await this.providers.create(caller, dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listProviders', summary: 'List providers, oldest first' })
  @ApiOkResponse({ type: PageOf(ProviderResponse), description: 'A page of providers.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListProvidersQuery,
  ): Promise<Page<ProviderResponse>> {
    return toPage(await this.providers.list(caller, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getProvider', summary: 'Get a provider, by id or name' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: ProviderResponse, description: 'The provider.' })
  @ApiErrors('provider_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ProviderResponse> {
    return toResponse(await this.providers.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateProvider',
    summary: 'Change a provider; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: ProviderResponse, description: 'The provider as it is now.' })
  @ApiErrors(
    'invalid_request',
    'provider_not_found',
    'workspace_not_found',
    'already_exists',
    'request_too_large',
  )
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateProviderDto,
  ): Promise<ProviderResponse> {
    return toResponse(await this.providers.update(caller, id, dto))
  }

  @Post(':id/validate')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'validateProvider',
    summary: 'Try whether a provider can be called: its endpoint, credential, models and latency',
  })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: ProviderValidationResponse, description: 'What was found, check by check.' })
  @ApiErrors('invalid_request', 'provider_not_found', 'request_too_large')
  async validate(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: ValidateProviderDto,
  ): Promise<ProviderValidationResponse> {
    return toValidationResponse(await this.providers.validate(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteProvider', summary: 'Delete a provider that nothing uses' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('provider_not_found', 'in_use')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.providers.delete(caller, id)
  }
}
