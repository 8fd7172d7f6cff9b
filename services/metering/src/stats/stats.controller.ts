import { Controller, Get, Param, Query } from '@nestjs/common'
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller } from '@weir/http'
import { ProviderStatsResponse, RepositoryStatsResponse, StatsQuery } from './stats.dto.js'
import { StatsService } from './stats.service.js'

const summary = (what: string) => `What a ${what} was used for: requests, tokens, cost, errors`
const description =
  'Sums of the attempts that started in the period, which is of whole hours: `start` is rounded down and `end` up.'

@ApiTags('Usage')
@ApiBearerAuth()
@Controller('v1')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get('providers/:id/stats')
  @ApiOperation({ operationId: 'getProviderStats', summary: summary('provider'), description })
  @ApiParam({ name: 'id', description: 'The provider: id or name.' })
  @ApiOkResponse({ type: ProviderStatsResponse, description: 'The sums.' })
  @ApiErrors('invalid_request', 'provider_not_found')
  ofProvider(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: StatsQuery,
  ): Promise<ProviderStatsResponse> {
    return this.stats.ofProvider(caller, id, query)
  }

  @Get('repositories/:id/stats')
  @ApiOperation({ operationId: 'getRepositoryStats', summary: summary('repository'), description })
  @ApiParam({ name: 'id', description: 'The repository: id or name.' })
  @ApiOkResponse({ type: RepositoryStatsResponse, description: 'The sums.' })
  @ApiErrors('invalid_request', 'repository_not_found')
  ofRepository(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: StatsQuery,
  ): Promise<RepositoryStatsResponse> {
    return this.stats.ofRepository(caller, id, query)
  }
}
