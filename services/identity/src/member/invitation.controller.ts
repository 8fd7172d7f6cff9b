import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller, type Page, PageOf, toPage } from '@weir/http'
import { toResponse as toUserResponse, UserResponse } from '../user/user.dto.js'
import {
  AcceptInvitationDto,
  InvitationResponse,
  InviteDto,
  ListInvitationsQuery,
  NewInvitationResponse,
  toResponse,
} from './invitation.dto.js'
import { InvitationService } from './invitation.service.js'

@ApiTags('Members')
@Controller('v1/workspaces/:id/invitations')
export class InvitationController {
  constructor(private readonly invitations: InvitationService) {}

  @Post()
  @ApiOperation({
    operationId: 'createInvitation',
    summary: 'Invite somebody to a workspace by a link, which is shown this once and good for a week',
  })
  @ApiParam({ name: 'id', description: "The workspace's id or name." })
  @ApiCreatedResponse({ type: NewInvitationResponse, description: 'The invitation with its link.' })
  @ApiErrors('invalid_request', 'workspace_not_found', 'request_too_large')
  async create(
    @CurrentCaller() caller: Caller,
    @Param('id') workspace: string,
    @Body() dto: InviteDto,
  ): Promise<NewInvitationResponse> {
    const { invitation, link } = await this.invitations.create(caller, workspace, dto)
    return { ...toResponse(invitation), link }
  }

  @Get()
  @ApiOperation({
    operationId: 'listInvitations',
    summary: 'List open invitations to a workspace, without links',
  })
  @ApiParam({ name: 'id', description: "The workspace's id or name." })
  @ApiOkResponse({ type: PageOf(InvitationResponse), description: 'A page of invitations.' })
  @ApiErrors('invalid_request', 'workspace_not_found')
  async list(
    @CurrentCaller() caller: Caller,
    @Param('id') workspace: string,
    @Query() query: ListInvitationsQuery,
  ): Promise<Page<InvitationResponse>> {
    return toPage(await this.invitations.list(caller, workspace, query), {
      limit: query.limit,
      cursor: ({ id }) => [id],
      toResponse,
    })
  }

  @Delete(':invitation')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteInvitation', summary: 'Withdraw an invitation' })
  @ApiParam({ name: 'id', description: "The workspace's id or name." })
  @ApiParam({ name: 'invitation', description: "The invitation's id." })
  @ApiNoContentResponse({ description: 'Its link is good for nothing.' })
  @ApiErrors('workspace_not_found', 'invitation_not_found')
  async delete(
    @CurrentCaller() caller: Caller,
    @Param('id') workspace: string,
    @Param('invitation') id: string,
  ): Promise<void> {
    await this.invitations.delete(caller, workspace, id)
  }
}

/** For whoever has the link, and nothing else yet. */
@ApiTags('Members')
@Controller('v1/invitations')
export class InvitationLinkController {
  constructor(private readonly invitations: InvitationService) {}

  @Get(':link')
  @ApiOperation({ operationId: 'getInvitation', summary: 'See what a link invites to' })
  @ApiParam({ name: 'link', description: 'The last part of the link: `join_…`.' })
  @ApiOkResponse({ type: InvitationResponse, description: 'The invitation.' })
  @ApiErrors('invitation_not_found')
  async get(@Param('link') link: string): Promise<InvitationResponse> {
    return toResponse(await this.invitations.show(link))
  }

  @Post(':link')
  @ApiOperation({
    operationId: 'acceptInvitation',
    summary: 'Accept an invitation, as a new user or with the password of the one who is invited',
  })
  @ApiParam({ name: 'link', description: 'The last part of the link: `join_…`.' })
  @ApiCreatedResponse({ type: UserResponse, description: 'The user who is a member now.' })
  @ApiErrors(
    ...(['invalid_request', 'invitation_not_found', 'invalid_credentials'] as const),
    ...(['rate_limit_exceeded', 'request_too_large'] as const),
  )
  async accept(@Param('link') link: string, @Body() dto: AcceptInvitationDto): Promise<UserResponse> {
    return toUserResponse(await this.invitations.accept(link, dto))
  }
}
