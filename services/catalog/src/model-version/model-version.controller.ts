import { Body, Controller, Get, HttpCode, Param, ParseIntPipe, Post, Query } from '@nestjs/common'
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import { AppError } from '@weir/errors'
import { ApiErrors, type Caller, CurrentCaller, type Page, PageOf, toPage } from '@weir/http'
import {
  CanaryDto,
  CreateModelVersionDto,
  ListModelHistoryQuery,
  ListModelVersionsQuery,
  ModelTrafficResponse,
  ModelVersionResponse,
  toChangeResponse,
  toResponse,
  toTrafficResponse,
  VersionChangeResponse,
} from './model-version.dto.js'
import { ModelVersionService } from './model-version.service.js'

const ofModel = { name: 'id', description: 'The model: id or name.' }
const ofVersion = { name: 'version', type: 'integer', description: 'Number of the version.' } as const

const VersionNumber = () =>
  Param(
    'version',
    new ParseIntPipe({
      exceptionFactory: () =>
        AppError.of('invalid_request', { reason: 'version: must be a number' }, { param: 'version' }),
    }),
  )

@ApiTags('Model versions')
@Controller('v1/models/:id')
export class ModelVersionController {
  constructor(private readonly versions: ModelVersionService) {}

  @Post('versions')
  @ApiOperation({
    operationId: 'createModelVersion',
    summary: 'Create a version of a model; it gets no requests until it is promoted or made a canary',
  })
  @ApiParam(ofModel)
  @ApiCreatedResponse({ type: ModelVersionResponse, description: 'The new version.' })
  @ApiErrors('invalid_request', 'model_not_found', 'request_too_large')
  async create(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: CreateModelVersionDto,
  ): Promise<ModelVersionResponse> {
    return toResponse(await this.versions.create(caller, id, dto))
  }

  @Get('versions')
  @ApiOperation({
    operationId: 'listModelVersions',
    summary: 'List the versions of a model, oldest first; none: it is what it says itself',
  })
  @ApiParam(ofModel)
  @ApiOkResponse({ type: PageOf(ModelVersionResponse), description: 'A page of versions.' })
  @ApiErrors('invalid_request', 'model_not_found')
  async list(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: ListModelVersionsQuery,
  ): Promise<Page<ModelVersionResponse>> {
    return toPage(await this.versions.list(caller, id, query), {
      limit: query.limit,
      cursor: ({ version }) => [String(version.version)],
      toResponse,
    })
  }

  @Get('versions/:version')
  @ApiOperation({ operationId: 'getModelVersion', summary: 'Get a version of a model' })
  @ApiParam(ofModel)
  @ApiParam(ofVersion)
  @ApiOkResponse({ type: ModelVersionResponse, description: 'The version.' })
  @ApiErrors('invalid_request', 'model_not_found', 'version_not_found')
  async get(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @VersionNumber() version: number,
  ): Promise<ModelVersionResponse> {
    return toResponse(await this.versions.get(caller, id, version))
  }

  @Post('versions/:version/promote')
  @HttpCode(200)
  @ApiOperation({ operationId: 'promoteModelVersion', summary: 'Give a version all requests of its model' })
  @ApiParam(ofModel)
  @ApiParam(ofVersion)
  @ApiOkResponse({ type: ModelTrafficResponse, description: 'How requests are shared out now.' })
  @ApiErrors('invalid_request', 'model_not_found', 'version_not_found')
  async promote(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @VersionNumber() version: number,
  ): Promise<ModelTrafficResponse> {
    const { model, versions } = await this.versions.promote(caller, id, version)
    return toTrafficResponse(model, versions)
  }

  @Post('versions/:version/canary')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'canaryModelVersion',
    summary: 'Give a version some of the requests of its model',
  })
  @ApiParam(ofModel)
  @ApiParam(ofVersion)
  @ApiOkResponse({ type: ModelTrafficResponse, description: 'How requests are shared out now.' })
  @ApiErrors('invalid_request', 'model_not_found', 'version_not_found', 'request_too_large')
  async canary(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @VersionNumber() version: number,
    @Body() { weight }: CanaryDto,
  ): Promise<ModelTrafficResponse> {
    const { model, versions } = await this.versions.canary(caller, id, version, weight)
    return toTrafficResponse(model, versions)
  }

  @Post('rollback')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'rollBackModel',
    summary: 'Share requests out as before the last promotion or canary; again: as before the one before',
  })
  @ApiParam(ofModel)
  @ApiOkResponse({ type: ModelTrafficResponse, description: 'How requests are shared out now.' })
  @ApiErrors('invalid_request', 'model_not_found')
  async rollBack(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ModelTrafficResponse> {
    const { model, versions } = await this.versions.rollBack(caller, id)
    return toTrafficResponse(model, versions)
  }

  @Get('history')
  @ApiOperation({
    operationId: 'listModelHistory',
    summary: 'List how the requests of a model were shared out among its versions, the newest first',
  })
  @ApiParam(ofModel)
  @ApiOkResponse({ type: PageOf(VersionChangeResponse), description: 'A page of changes.' })
  @ApiErrors('invalid_request', 'model_not_found')
  async history(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: ListModelHistoryQuery,
  ): Promise<Page<VersionChangeResponse>> {
    return toPage(await this.versions.history(caller, id, query), {
      limit: query.limit,
      cursor: (change) => [change.id],
      toResponse: toChangeResponse,
    })
  }
}
