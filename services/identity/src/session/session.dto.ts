import { ApiProperty } from '@nestjs/swagger'
import {
  type OrganizationRole,
  organizationRoles,
  type Principal,
  type PrincipalKind,
  TextField,
  type WorkspaceRole,
  workspaceRoles,
} from '@weir/http'
import type { NewSession } from './session.service.js'

export class NewSessionResponse {
  @ApiProperty({ description: "The session's id.", example: 'sid_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({
    description:
      'Its value, shown this once: send it as `Authorization: Bearer …`. It is set as a cookie too.',
    example: 'ses_…',
  })
  session: string

  @ApiProperty({ description: 'When it ends by itself.', format: 'date-time' })
  expires_at: string
}

class WorkspaceRoleResponse {
  @ApiProperty({ description: "The workspace's id.", example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  workspace: string

  @ApiProperty({ description: 'The role in it.', enum: workspaceRoles })
  role: WorkspaceRole
}

export class CurrentSessionResponse {
  @ApiProperty({
    description: 'What was authenticated.',
    enum: ['master_key', 'user', 'service', 'management_key'],
  })
  kind: PrincipalKind

  @ApiProperty({ description: 'Id of the user, service account or virtual key.', example: 'usr_…' })
  id: string

  @ApiProperty({ description: 'E-mail address or name.', example: 'ada@example.com' })
  name: string

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'Roles in the organization.', enum: organizationRoles, isArray: true })
  organization_roles: OrganizationRole[]

  @ApiProperty({ description: 'Roles in workspaces.', type: [WorkspaceRoleResponse] })
  workspace_roles: WorkspaceRoleResponse[]
}

export class AccessTokenDto {
  @TextField({
    description: '`client_credentials`.',
    maxLength: 30,
    pattern: { regex: /^client_credentials$/, message: 'must be client_credentials' },
  })
  grant_type: string

  @TextField({
    description: "The service account's id; may be sent with the secret as `Authorization: Basic …` instead.",
    optional: 'not null',
    maxLength: 100,
  })
  client_id?: string

  @TextField({ description: 'Its secret.', optional: 'not null', maxLength: 200 })
  client_secret?: string

  @TextField({
    description: 'Ignored: the token may do what the service account may.',
    optional: 'not null',
    maxLength: 1000,
    minLength: 0,
  })
  scope?: string
}

export class AccessTokenResponse {
  @ApiProperty({ description: 'Send it as `Authorization: Bearer …`.', example: 'oat_…' })
  access_token: string

  @ApiProperty({ description: 'How it is sent.', enum: ['Bearer'] })
  token_type: string

  @ApiProperty({ type: 'integer', description: 'Seconds for which it is good.', example: 900 })
  expires_in: number
}

export function toResponse({ id, value, expiresAt }: NewSession): NewSessionResponse {
  return { id, session: value, expires_at: expiresAt.toISOString() }
}

export function toCurrent(principal: Principal): CurrentSessionResponse {
  const { kind, id, name, organization } = principal
  return {
    ...{ kind, id, name, organization },
    organization_roles: [...principal.organizationRoles],
    workspace_roles: [...principal.workspaceRoles].map(([workspace, role]) => ({ workspace, role })),
  }
}
