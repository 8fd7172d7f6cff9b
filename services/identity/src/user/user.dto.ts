import { ApiProperty } from '@nestjs/swagger'
import {
  type OrganizationRole,
  organizationRoles,
  PageQuery,
  SwitchField,
  TextField,
  TextSetField,
} from '@weir/http'
import type { User } from './user.entity.js'

/** An e-mail address; who has it is found without regard to case. */
export const emailField = {
  description: 'E-mail address, with which the user signs in.',
  maxLength: 254,
  example: 'ada@example.com',
  pattern: { regex: /^[^\s@]+@[^\s@]+$/, message: 'must be an e-mail address' },
}

/** A new password. */
export const passwordField = {
  description: 'Password, at least 12 characters.',
  minLength: 12,
  maxLength: 200,
}

export const nameField = { description: 'Name, for people.', maxLength: 100, example: 'Ada Lovelace' }

/** Roles in the organization. */
export const organizationRolesField = {
  description:
    'Roles in the whole organization: `owner` and `admin` manage everything, `billing` reads spend and sets budgets, `auditor` reads everything.',
  maxItems: organizationRoles.length,
  item: { maxLength: 20, words: organizationRoles },
  example: ['billing'],
}

export class CreateUserDto {
  @TextField(emailField)
  email: string

  @TextField(nameField)
  name: string

  @TextField({ ...passwordField, optional: true })
  password?: string | null

  @TextSetField({ ...organizationRolesField, optional: true })
  organization_roles?: OrganizationRole[] | null
}

export class UpdateUserDto {
  @TextField({ ...nameField, optional: 'not null' })
  name?: string

  @TextField({ ...passwordField, optional: 'not null' })
  password?: string

  @TextSetField({ ...organizationRolesField, optional: 'not null' })
  organization_roles?: OrganizationRole[]

  @SwitchField({ description: 'Cannot sign in while true; all sessions end at once.', optional: 'not null' })
  disabled?: boolean
}

export class ChangePasswordDto {
  @TextField({ description: 'The password of now.', maxLength: 200 })
  current_password: string

  @TextField({ ...passwordField, description: 'The new one, at least 12 characters.' })
  new_password: string
}

export class ListUsersQuery extends PageQuery {
  @TextField({ description: 'Only the one with this e-mail address.', optional: 'not null', maxLength: 254 })
  email?: string
}

export class UserResponse {
  @ApiProperty({ description: 'Its id.', example: 'usr_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'E-mail address, in lower case.', example: 'ada@example.com' })
  email: string

  @ApiProperty({ description: 'Name, for people.', example: 'Ada Lovelace' })
  name: string

  @ApiProperty({ enum: organizationRoles, isArray: true, description: 'Roles in the whole organization.' })
  organization_roles: OrganizationRole[]

  @ApiProperty({ description: 'Cannot sign in while true.' })
  disabled: boolean

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

export function toResponse(user: User): UserResponse {
  return {
    id: user.id,
    organization: user.organization,
    email: user.email,
    name: user.name,
    organization_roles: user.organizationRoles,
    disabled: user.disabled,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  }
}
