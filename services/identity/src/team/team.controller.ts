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
import { CreateTeamDto, ListTeamsQuery, TeamResponse, toResponse, UpdateTeamDto } from './team.dto.js'
import { TeamService } from './team.service.js'

@ApiTags('Teams')
@Controller('v1/teams')
export class TeamController {
  constructor(private readonly teams: TeamService) {}

  @Post()
  @ApiOperation({ operationId: 'createTeam', summary: 'Create a team (a business unit, which pays)' })
  @ApiCreatedResponse({ type: TeamResponse, description: 'The new team.' })
  @ApiErrors('invalid_request', 'team_not_found', 'already_exists', 'request_too_large')
  async create(@CurrentCaller() caller: Caller, @Body() dto: CreateTeamDto): Promise<TeamResponse> {
    return toResponse(await this.teams.create(caller, dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listTeams', summary: 'List teams, by name' })
  @ApiOkResponse({ type: PageOf(TeamResponse), description: 'A page of teams.' })
  @ApiErrors('invalid_request')
  async list(@CurrentCaller() caller: Caller, @Query() query: ListTeamsQuery): Promise<Page<TeamResponse>> {
    return toPage(await this.teams.list(caller, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getTeam', summary: 'Get a team' })
  @ApiParam({ name: 'id', description: 'Its id, which is its name.' })
  @ApiOkResponse({ type: TeamResponse, description: 'The team.' })
  @ApiErrors('team_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<TeamResponse> {
    return toResponse(await this.teams.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateTeam',
    summary: 'Change a team; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id, which is its name.' })
  @ApiOkResponse({ type: TeamResponse, description: 'The team as it is now.' })
  @ApiErrors('invalid_request', 'team_not_found', 'request_too_large')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateTeamDto,
  ): Promise<TeamResponse> {
    return toResponse(await this.teams.update(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteTeam', summary: 'Delete a team that nothing uses' })
  @ApiParam({ name: 'id', description: 'Its id, which is its name.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('team_not_found', 'in_use')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.teams.delete(caller, id)
  }
}
