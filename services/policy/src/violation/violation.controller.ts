import { Controller, Get, Param, Query } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller, type Page, PageOf, toPage } from '@weir/http'
import { ListViolationsQuery, toResponse, ViolationResponse } from './violation.dto.js'
import { ViolationService } from './violation.service.js'

@ApiTags('Policies')
@Controller('v1/policies/violations')
export class ViolationController {
  constructor(private readonly violations: ViolationService) {}

  @Get()
  @ApiOperation({
    operationId: 'listViolations',
    summary: 'What violated policies, the newest first, without contents',
  })
  @ApiOkResponse({ type: PageOf(ViolationResponse), description: 'A page of violations.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListViolationsQuery,
  ): Promise<Page<ViolationResponse>> {
    return toPage(await this.violations.list(caller, query), {
      limit: query.limit,
      cursor: ({ foundAt, id }) => [foundAt.toISOString(), id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getViolation', summary: 'Get a violation' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: ViolationResponse, description: 'The violation.' })
  @ApiErrors('violation_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ViolationResponse> {
    return toResponse(await this.violations.get(caller, id))
  }
}
