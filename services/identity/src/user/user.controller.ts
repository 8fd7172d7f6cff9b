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
import { OwnPasswordService } from './own-password.service.js'
import {
  ChangePasswordDto,
  CreateUserDto,
  ListUsersQuery,
  toResponse,
  UpdateUserDto,
  UserResponse,
} from './user.dto.js'
import { UserService } from './user.service.js'

@ApiTags('Users')
@Controller('v1/users')
export class UserController {
  constructor(
    private readonly users: UserService,
    private readonly passwords: OwnPasswordService,
  ) {}

  @Post()
  @ApiOperation({ operationId: 'createUser', summary: 'Create a user' })
  @ApiCreatedResponse({ type: UserResponse, description: 'The new user.' })
  @ApiErrors('invalid_request', 'already_exists', 'request_too_large', 'rate_limit_exceeded')
  async create(@CurrentCaller() caller: Caller, @Body() dto: CreateUserDto): Promise<UserResponse> {
    return toResponse(await this.users.create(caller, dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listUsers', summary: 'List users, oldest first' })
  @ApiOkResponse({ type: PageOf(UserResponse), description: 'A page of users.' })
  @ApiErrors('invalid_request')
  async list(@CurrentCaller() caller: Caller, @Query() query: ListUsersQuery): Promise<Page<UserResponse>> {
    return toPage(await this.users.list(caller, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Post('me/password')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'changeOwnPassword',
    summary: 'Change your own password; your other sessions end at once',
  })
  @ApiNoContentResponse({ description: 'It is changed.' })
  @ApiErrors(
    'invalid_request',
    'invalid_credentials',
    'permission_denied',
    'rate_limit_exceeded',
    'request_too_large',
  )
  async changePassword(@CurrentCaller() caller: Caller, @Body() dto: ChangePasswordDto): Promise<void> {
    await this.passwords.change(caller, dto)
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getUser', summary: 'Get a user' })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: UserResponse, description: 'The user.' })
  @ApiErrors('user_not_found')
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<UserResponse> {
    return toResponse(await this.users.get(caller, id))
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateUser',
    summary: 'Change a user; another password, other roles or `disabled` end its sessions at once',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiOkResponse({ type: UserResponse, description: 'The user as it is now.' })
  @ApiErrors('invalid_request', 'user_not_found', 'request_too_large', 'rate_limit_exceeded')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() dto: UpdateUserDto,
  ): Promise<UserResponse> {
    return toResponse(await this.users.update(caller, id, dto))
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteUser',
    summary: 'Delete a user; its sessions and memberships end at once',
  })
  @ApiParam({ name: 'id', description: 'Its id.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiErrors('user_not_found')
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.users.delete(caller, id)
  }
}
