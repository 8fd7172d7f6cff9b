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
import { CreateModelDto, ListModelsQuery, ModelResponse, toResponse, UpdateModelDto } from './model.dto.js'
import { ModelService } from './model.service.js'

@ApiTags('Models')
@Controller('v1/models')
export class ModelController {
  constructor(private readonly models: ModelService) {}

  @Post()
  @ApiOperation({ operationId: 'createModel', summary: 'Create a model' })
  @ApiCreatedResponse({ type: ModelResponse, description: 'The new model.' })
  @ApiErrors('invalid_request', 'provider_not_found', 'already_exists', 'request_too_large')
  async create(@CurrentCaller() caller: Caller, @Body() dto: CreateModelDto): Promise<ModelResponse> {
    return toResponse(await this.models.create(caller, dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listModels', summary: 'List models, oldest first' })
  @ApiOkResponse({ type: PageOf(ModelResponse), description: 'A page of models.' })
  @ApiErrors('invalid_request')
  async list(@CurrentCaller() caller: Caller, @Query() query: ListModelsQuery): Promise<Page<ModelResponse>> {
    return toPage(await this.models.list(caller, query), {
      limit: query.limit,
      cursor: ({ model }) => [model.id],
      toResponse,
    })
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getModel', summary: 'Get a model, by id or name' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: ModelResponse, description: 'The model.' })
  @ApiErrors('model_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ModelResponse> {
    return toResponse(await this.models.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateModel',
    summary: 'Change a model; fields that are left out stay, null removes',
  })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiOkResponse({ type: ModelResponse, description: 'The model as it is now.' })
  @ApiErrors(
    'invalid_request',
    'model_not_found',
    'provider_not_found',
    'already_exists',
    'in_use',
    'request_too_large',
  )
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateModelDto,
  ): Promise<ModelResponse> {
    return toResponse(await this.models.update(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteModel', summary: 'Delete a model that nothing uses' })
  @ApiParam({ name: 'id', description: 'Its id or name.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('model_not_found', 'in_use')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.models.delete(caller, id)
  }
}
