import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller, type Page, PageOf, toPage } from '@weir/http'
import { ListViolationsQuery, ReviewViolationDto, toResponse, ViolationResponse } from './violation.dto.js'
import { CountViolationsQuery, toCountResponse, ViolationCountResponse } from './violation-count.dto.js'
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

  @Get('counts')
  @ApiOperation({
    operationId: 'countViolations',
    summary: 'How many violations there are of each policy, provider, workload, …',
  })
  @ApiOkResponse({
    type: PageOf(ViolationCountResponse),
    description: 'The most frequent first, at most 1000.',
  })
  @ApiErrors('invalid_request')
  async count(
    @CurrentCaller() caller: Caller,
    @Query() query: CountViolationsQuery,
  ): Promise<Page<ViolationCountResponse>> {
    const counts = await this.violations.count(caller, query)
    return toPage(counts, { limit: counts.length, cursor: () => [], toResponse: toCountResponse })
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'reviewViolation',
    summary: 'Say whether a violation was one; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: ViolationResponse, description: 'The violation as it is now.' })
  @ApiErrors('invalid_request', 'violation_not_found', 'request_too_large')
  async review(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: ReviewViolationDto,
  ): Promise<ViolationResponse> {
    return toResponse(await this.violations.review(caller, id, dto))
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
