import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller, type Page, PageOf, PageQuery, toPage } from '@weir/http'
import { OrganizationResponse, toResponse, UpdateOrganizationDto } from './organization.dto.js'
import { OrganizationService } from './organization.service.js'

@ApiTags('Organizations')
@Controller('v1/organizations')
export class OrganizationController {
  constructor(private readonly organizations: OrganizationService) {}

  @Get()
  @ApiOperation({
    operationId: 'listOrganizations',
    summary: 'List the organizations that the caller belongs to',
  })
  @ApiOkResponse({ type: PageOf(OrganizationResponse), description: 'A page of organizations.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() { limit }: PageQuery,
  ): Promise<Page<OrganizationResponse>> {
    return toPage(await this.organizations.list(caller), { limit, cursor: ({ id }) => [id], toResponse })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getOrganization', summary: 'Get an organization' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: OrganizationResponse, description: 'The organization.' })
  @ApiErrors('organization_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<OrganizationResponse> {
    return toResponse(await this.organizations.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateOrganization',
    summary: 'Rename an organization, or set its rate limits',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: OrganizationResponse, description: 'The organization as it is now.' })
  @ApiErrors('invalid_request', 'organization_not_found', 'request_too_large')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateOrganizationDto,
  ): Promise<OrganizationResponse> {
    return toResponse(await this.organizations.update(caller, id, dto))
  }
}
