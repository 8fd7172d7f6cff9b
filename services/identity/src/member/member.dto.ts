import { ApiProperty } from '@nestjs/swagger'
import { PageQuery, TextField, WordField, type WorkspaceRole, workspaceRoles } from '@weir/http'
import type { Member } from './member.entity.js'

/** A role in a workspace. */
export const roleField = {
  description:
    '`owner` and `admin` manage the workspace, and an owner may delete it; `member` reads all and changes nothing; `viewer` reads without the contents of requests.',
  words: workspaceRoles,
}

export class AddMemberDto {
  @TextField({ description: 'The user: id or e-mail address.', maxLength: 254, example: 'ada@example.com' })
  user: string

  @WordField(roleField)
  role: WorkspaceRole
}

export class UpdateMemberDto {
  @WordField(roleField)
  role: WorkspaceRole
}

export class ListMembersQuery extends PageQuery {}

export class MemberResponse {
  @ApiProperty({ description: "The workspace's id.", example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  workspace: string

  @ApiProperty({ description: "The user's id.", example: 'usr_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  user: string

  @ApiProperty({ description: "The user's e-mail address.", example: 'ada@example.com' })
  email: string

  @ApiProperty({ description: 'The role.', enum: workspaceRoles })
  role: WorkspaceRole

  @ApiProperty({ description: 'Since when.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When the role was last changed.', format: 'date-time' })
  updated_at: string
}

/** A member with the user's address. */
export interface ShownMember {
  member: Member
  email: string
}

export function toResponse({ member, email }: ShownMember): MemberResponse {
  return {
    workspace: member.workspace,
    user: member.userId,
    email,
    role: member.role,
    created_at: member.createdAt.toISOString(),
    updated_at: member.updatedAt.toISOString(),
  }
}
