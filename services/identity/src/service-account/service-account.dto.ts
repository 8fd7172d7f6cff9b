import { ApiProperty } from '@nestjs/swagger'
import {
  type OrganizationRole,
  organizationRoles,
  PageQuery,
  SwitchField,
  TextField,
  TextSetField,
  WordField,
  type WorkspaceRole,
  workspaceRoles,
} from '@weir/http'
import { organizationRolesField } from '../user/user.dto.js'
import type { ServiceAccount } from './service-account.entity.js'

const name = { description: 'Name, unique in the organization.', maxLength: 100, example: 'terraform' }

export class CreateServiceAccountDto {
  @TextField(name)
  name: string

  @TextSetField({ ...organizationRolesField, optional: true })
  organization_roles?: OrganizationRole[] | null

  @TextField({
    description: 'Workspace in which it has `role`: id or name.',
    optional: true,
    maxLength: 100,
    example: 'production',
  })
  workspace?: string | null

  @WordField({ description: 'Role in `workspace`.', optional: true, words: workspaceRoles })
  role?: WorkspaceRole | null
}

export class UpdateServiceAccountDto {
  @TextField({ ...name, optional: 'not null' })
  name?: string

  @TextSetField({ ...organizationRolesField, optional: 'not null' })
  organization_roles?: OrganizationRole[]

  @SwitchField({ description: 'Its tokens are refused while true.', optional: 'not null' })
  disabled?: boolean
}

export class ListServiceAccountsQuery extends PageQuery {}

export class ServiceAccountResponse {
  @ApiProperty({ description: 'Its id, the OAuth client id.', example: 'svc_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'Its name.', example: 'terraform' })
  name: string

  @ApiProperty({ enum: organizationRoles, isArray: true, description: 'Roles in the whole organization.' })
  organization_roles: OrganizationRole[]

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Roles by workspace id.',
    example: { ws_01k9x3v0c2m8q4r7t5y6z1a2b3: 'admin' },
  })
  workspace_roles: Record<string, WorkspaceRole>

  @ApiProperty({ description: 'Its tokens are refused while true.' })
  disabled: boolean

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

export class NewServiceAccountResponse extends ServiceAccountResponse {
  @ApiProperty({ description: 'The OAuth client secret, shown this once.', example: 'sec_…' })
  secret: string
}

export function toResponse(account: ServiceAccount): ServiceAccountResponse {
  return {
    id: account.id,
    organization: account.organization,
    name: account.name,
    organization_roles: account.organizationRoles,
    workspace_roles: account.workspaceRoles,
    disabled: account.disabled,
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  }
}
