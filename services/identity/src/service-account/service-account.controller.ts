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
  CreateServiceAccountDto,
  ListServiceAccountsQuery,
  NewServiceAccountResponse,
  ServiceAccountResponse,
  toResponse,
  UpdateServiceAccountDto,
} from './service-account.dto.js'
import { ServiceAccountService } from './service-account.service.js'

@ApiTags('Service accounts')
@Controller('v1/service-accounts')
export class ServiceAccountController {
  constructor(private readonly accounts: ServiceAccountService) {}

  @Post()
  @ApiOperation({
    operationId: 'createServiceAccount',
    summary: 'Create a service account, an OAuth 2.0 client; its secret is shown this once',
  })
  @ApiCreatedResponse({
    type: NewServiceAccountResponse,
    description: 'The new service account with its secret.',
  })
  @ApiErrors('invalid_request', 'workspace_not_found', 'already_exists', 'request_too_large')
  async create(
    @CurrentCaller() caller: Caller,
    @Body() dto: CreateServiceAccountDto,
  ): Promise<NewServiceAccountResponse> {
    const { account, secret } = await this.accounts.create(caller, dto)
    return { ...toResponse(account), secret }
  }

  @Get()
  @ApiOperation({ operationId: 'listServiceAccounts', summary: 'List service accounts, oldest first' })
  @ApiOkResponse({ type: PageOf(ServiceAccountResponse), description: 'A page of service accounts.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListServiceAccountsQuery,
  ): Promise<Page<ServiceAccountResponse>> {
    return toPage(await this.accounts.list(caller, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getServiceAccount', summary: 'Get a service account' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: ServiceAccountResponse, description: 'The service account.' })
  @ApiErrors('service_account_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ServiceAccountResponse> {
    return toResponse(await this.accounts.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateServiceAccount',
    summary: 'Change a service account; its access tokens end at once',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: ServiceAccountResponse, description: 'The service account as it is now.' })
  @ApiErrors('invalid_request', 'service_account_not_found', 'already_exists', 'request_too_large')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateServiceAccountDto,
  ): Promise<ServiceAccountResponse> {
    return toResponse(await this.accounts.update(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteServiceAccount',
    summary: 'Delete a service account; its access tokens end at once',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('service_account_not_found')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.accounts.delete(caller, id)
  }
}
