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
  CreateRepositoryDto,
  ListRepositoriesQuery,
  RepositoryResponse,
  toResponse,
  UpdateRepositoryDto,
} from './repository.dto.js'
import { RepositoryService } from './repository.service.js'

@ApiTags('Repositories')
@Controller('v1/repositories')
export class RepositoryController {
  constructor(private readonly repositories: RepositoryService) {}

  @Post()
  @ApiOperation({ operationId: 'createRepository', summary: 'Create a repository' })
  @ApiCreatedResponse({ type: RepositoryResponse, description: 'The new repository.' })
  @ApiErrors(
    'invalid_request',
    'workspace_not_found',
    'provider_not_found',
    'already_exists',
    'request_too_large',
  )
  async create(
    @CurrentCaller() caller: Caller,
    @Body() dto: CreateRepositoryDto,
  ): Promise<RepositoryResponse> {
    return toResponse(await this.repositories.create(caller, dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listRepositories', summary: 'List repositories, oldest first' })
  @ApiOkResponse({ type: PageOf(RepositoryResponse), description: 'A page of repositories.' })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListRepositoriesQuery,
  ): Promise<Page<RepositoryResponse>> {
    return toPage(await this.repositories.list(caller, query), {
      limit: query.limit,
      cursor: ({ repository }) => [repository.id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getRepository', summary: 'Get a repository, by id or name' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: RepositoryResponse, description: 'The repository.' })
  @ApiErrors('repository_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<RepositoryResponse> {
    return toResponse(await this.repositories.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateRepository',
    summary: 'Change a repository; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: RepositoryResponse, description: 'The repository as it is now.' })
  @ApiErrors(
    'invalid_request',
    'repository_not_found',
    'provider_not_found',
    'already_exists',
    'in_use',
    'request_too_large',
  )
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateRepositoryDto,
  ): Promise<RepositoryResponse> {
    return toResponse(await this.repositories.update(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteRepository', summary: 'Delete a repository that nothing uses' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('repository_not_found', 'in_use')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.repositories.delete(caller, id)
  }
}
