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
import { AddMemberDto, ListMembersQuery, MemberResponse, toResponse, UpdateMemberDto } from './member.dto.js'
import { MemberService } from './member.service.js'

@ApiTags('Members')
@Controller('v1/workspaces/:id/members')
export class MemberController {
  constructor(private readonly members: MemberService) {}

  @Post()
  @ApiOperation({ operationId: 'addMember', summary: 'Make a user a member of a workspace' })
  @ApiParam({ name: 'id', description: "The workspace's id or name." })
  @ApiCreatedResponse({ type: MemberResponse, description: 'The new member.' })
  @ApiErrors(
    'invalid_request',
    'workspace_not_found',
    'user_not_found',
    'already_exists',
    'request_too_large',
  )
  async add(
    @CurrentCaller() caller: Caller,
    @Param('id') workspace: string,
    @Body() dto: AddMemberDto,
  ): Promise<MemberResponse> {
    return toResponse(await this.members.add(caller, workspace, dto))
  }

  @Get()
  @ApiOperation({ operationId: 'listMembers', summary: 'List the members of a workspace' })
  @ApiParam({ name: 'id', description: "The workspace's id or name." })
  @ApiOkResponse({ type: PageOf(MemberResponse), description: 'A page of members.' })
  @ApiErrors('invalid_request', 'workspace_not_found')
  async list(
    @CurrentCaller() caller: Caller,
    @Param('id') workspace: string,
    @Query() query: ListMembersQuery,
  ): Promise<Page<MemberResponse>> {
    return toPage(await this.members.list(caller, workspace, query), {
      limit: query.limit,
      cursor: ({ member }) => [member.userId],
      toResponse,
    })
  }

  @Patch(':user')
  @ApiOperation({ operationId: 'updateMember', summary: "Change a member's role; its sessions end at once" })
  @ApiParam({ name: 'id', description: "The workspace's id or name." })
  @ApiParam({ name: 'user', description: "The user's id." })
  @ApiOkResponse({ type: MemberResponse, description: 'The member as it is now.' })
  @ApiErrors('invalid_request', 'workspace_not_found', 'member_not_found', 'request_too_large')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') workspace: string,
    @Param('user') user: string,
    @Body() dto: UpdateMemberDto,
  ): Promise<MemberResponse> {
    return toResponse(await this.members.update(caller, workspace, user, dto))
  }

  @Delete(':user')
  @HttpCode(204)
  @ApiOperation({ operationId: 'removeMember', summary: 'Remove a member; its sessions end at once' })
  @ApiParam({ name: 'id', description: "The workspace's id or name." })
  @ApiParam({ name: 'user', description: "The user's id." })
  @ApiNoContentResponse({ description: 'It is no member any more.' })
  @ApiErrors('workspace_not_found', 'member_not_found')
  async remove(
    @CurrentCaller() caller: Caller,
    @Param('id') workspace: string,
    @Param('user') user: string,
  ): Promise<void> {
    await this.members.remove(caller, workspace, user)
  }
}
