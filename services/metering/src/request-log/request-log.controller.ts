import { Controller, Get, Param, Query } from '@nestjs/common'
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller } from '@weir/http'
import { RequestLogPage, RequestLogQuery } from './request-log.dto.js'
import { RequestLogService } from './request-log.service.js'

@ApiTags('Usage')
@ApiBearerAuth()
@Controller('v1/requests')
export class RequestLogController {
  constructor(private readonly requestLog: RequestLogService) {}

  @Get()
  @ApiOperation({
    operationId: 'listRequests',
    summary: 'The request log: every attempt, newest first, without contents',
    description: 'An attempt stands here within about a second of its end.',
  })
  @ApiOkResponse({ type: RequestLogPage, description: 'A page of attempts.' })
  @ApiErrors('invalid_request')
  list(@CurrentCaller() caller: Caller, @Query() query: RequestLogQuery): Promise<RequestLogPage> {
    return this.requestLog.list(caller, query)
  }

  @Get(':request_id')
  @ApiOperation({ operationId: 'getRequest', summary: 'All attempts of one request, in their order' })
  @ApiParam({ name: 'request_id', description: "The reply's `x-request-id`." })
  @ApiOkResponse({ type: RequestLogPage, description: 'A page of attempts.' })
  @ApiErrors('request_not_found')
  get(@CurrentCaller() caller: Caller, @Param('request_id') requestId: string): Promise<RequestLogPage> {
    return this.requestLog.get(caller, requestId)
  }
}
