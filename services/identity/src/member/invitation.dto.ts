import { ApiProperty } from '@nestjs/swagger'
import { PageQuery, TextField, WordField, type WorkspaceRole, workspaceRoles } from '@weir/http'
import { emailField, nameField, passwordField } from '../user/user.dto.js'
import type { Invitation } from './invitation.entity.js'
import { roleField } from './member.dto.js'

export class InviteDto {
  @TextField({ ...emailField, description: 'E-mail address of whom to invite.' })
  email: string

  @WordField(roleField)
  role: WorkspaceRole
}

export class AcceptInvitationDto {
  @TextField({
    ...passwordField,
    description: 'The password: that of the user, or for a new user one of at least 12 characters.',
    minLength: 1,
  })
  password: string

  @TextField({ ...nameField, description: 'Name, for a new user.', optional: 'not null' })
  name?: string
}

export class ListInvitationsQuery extends PageQuery {}

export class InvitationResponse {
  @ApiProperty({ description: 'Its id.', example: 'inv_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: "The workspace's id.", example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  workspace: string

  @ApiProperty({ description: 'Who is invited.', example: 'ada@example.com' })
  email: string

  @ApiProperty({ description: 'The role to have.', enum: workspaceRoles })
  role: WorkspaceRole

  @ApiProperty({ description: 'Who has invited: id of a user or of a credential.', example: 'usr_…' })
  invited_by: string

  @ApiProperty({ description: 'Until when it can be accepted.', format: 'date-time' })
  expires_at: string

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string
}

export class NewInvitationResponse extends InvitationResponse {
  @ApiProperty({
    description:
      'Path of the link, shown this once: GET shows the invitation, POST accepts it. Who has it can become a member.',
    example: '/v1/invitations/join_…',
  })
  link: string
}

export function toResponse(invitation: Invitation): InvitationResponse {
  return {
    id: invitation.id,
    workspace: invitation.workspace,
    email: invitation.email,
    role: invitation.role,
    invited_by: invitation.invitedBy,
    expires_at: invitation.expiresAt.toISOString(),
    created_at: invitation.createdAt.toISOString(),
  }
}
