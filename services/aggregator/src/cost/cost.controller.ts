import { Controller, Get, Query } from '@nestjs/common'
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller, UsageReportPage } from '@weir/http'
import { CostReportQuery } from './cost.dto.js'
import { CostService } from './cost.service.js'

@ApiTags('Costs')
@ApiBearerAuth()
@Controller('v1/costs')
export class CostController {
  constructor(private readonly costs: CostService) {}

  @Get()
  @ApiOperation({
    operationId: 'listCosts',
    summary:
      'Cost and its usage, by hour, day or month and by team, workload, workspace, model, provider or key',
    description:
      'Rollups of the attempts that started in the period; `start` is rounded down and `end` up to the full hour. ' +
      'Rows are in the order of `start`, then of the dimensions as they were asked for.',
  })
  @ApiOkResponse({ type: UsageReportPage, description: 'A page of the report.' })
  @ApiErrors('invalid_request')
  list(@CurrentCaller() caller: Caller, @Query() query: CostReportQuery): Promise<UsageReportPage> {
    return this.costs.list(caller, query)
  }
}
