import { Controller, Get, Query } from '@nestjs/common'
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller, UsageReportPage, UsageReportQuery } from '@weir/http'
import { UsageService } from './usage.service.js'

@ApiTags('Usage')
@ApiBearerAuth()
@Controller('v1/usage')
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  @Get()
  @ApiOperation({
    operationId: 'listUsage',
    summary:
      'Usage and its cost, by hour, day or month and by team, workload, workspace, model, provider or key',
    description:
      'Sums of the attempts that started in the period; `start` is rounded down and `end` up to the full hour. ' +
      'Rows are in the order of `start`, then of the dimensions as they were asked for.',
  })
  @ApiOkResponse({ type: UsageReportPage, description: 'A page of the report.' })
  @ApiErrors('invalid_request')
  list(@CurrentCaller() caller: Caller, @Query() query: UsageReportQuery): Promise<UsageReportPage> {
    return this.usage.list(caller, query)
  }
}
