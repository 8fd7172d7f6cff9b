import { ApiProperty, IntersectionType } from '@nestjs/swagger'
import { ObjectField, PageQuery, TextField, WordField } from '@weir/http'
import { RateLimitsDto, RateLimitsResponse, toRateLimitsResponse } from '../limit/rate-limits.dto.js'
import type { Workspace } from './workspace.entity.js'
import {
  toSettingsResponse,
  WorkspaceSettingsDto,
  WorkspaceSettingsResponse,
} from './workspace-settings.dto.js'

const environments = ['development', 'staging', 'production'] as const

const name = {
  description: 'Its name, unique in the organization.',
  maxLength: 100,
  example: 'production',
  pattern: { regex: /^(?!ws_[0-9a-z]{26}$)/, message: 'may not look like the id of a workspace' },
}
const environment = { description: 'What it is for.', words: environments }
const description = {
  description: 'What people should know of it.',
  optional: true,
  maxLength: 1000,
} as const

const settings = { description: 'What it has set.', optional: 'not null' } as const

export class CreateWorkspaceDto extends RateLimitsDto {
  @TextField(name)
  name: string

  @WordField({
    ...environment,
    description: 'What it is for; development unless said otherwise.',
    optional: true,
  })
  environment?: string | null

  @TextField(description)
  description?: string | null

  @ObjectField(settings, () => WorkspaceSettingsDto)
  settings?: WorkspaceSettingsDto
}

export class UpdateWorkspaceDto extends RateLimitsDto {
  @TextField({ ...name, optional: 'not null' })
  name?: string

  @WordField({ ...environment, optional: 'not null' })
  environment?: string

  @TextField(description)
  description?: string | null

  @ObjectField(
    { ...settings, description: 'What it sets; what is left out stays.' },
    () => WorkspaceSettingsDto,
  )
  settings?: WorkspaceSettingsDto
}

export class ListWorkspacesQuery extends PageQuery {
  @TextField({ description: 'Only the one with this name.', optional: 'not null', maxLength: 100 })
  name?: string

  @WordField({ description: 'Only those that are for this.', optional: 'not null', words: environments })
  environment?: string

  @WordField({
    description: 'Those that were deleted and can be restored, instead of those that there are.',
    optional: 'not null',
    words: ['true', 'false'],
  })
  deleted?: string
}

class WorkspaceFields {
  @ApiProperty({ description: 'Its id.', example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'Its name.', example: 'production' })
  name: string

  @ApiProperty({ description: 'What it is for.', enum: environments })
  environment: string

  @ApiProperty({ type: String, nullable: true, description: 'What people should know of it.' })
  description: string | null

  @ApiProperty({ description: 'What it has set.' })
  settings: WorkspaceSettingsResponse

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it was deleted: for 30 days from then on it can be restored. Null: it is there.',
  })
  deleted_at: string | null
}

export class WorkspaceResponse extends IntersectionType(WorkspaceFields, RateLimitsResponse) {}

/** `deletedAt` of one that can be restored. */
export function toResponse(workspace: Workspace & { deletedAt?: Date }): WorkspaceResponse {
  return {
    id: workspace.id,
    organization: workspace.organization,
    name: workspace.name,
    environment: workspace.environment,
    description: workspace.description,
    settings: toSettingsResponse(workspace),
    ...toRateLimitsResponse(workspace),
    created_at: workspace.createdAt.toISOString(),
    updated_at: workspace.updatedAt.toISOString(),
    deleted_at: workspace.deletedAt?.toISOString() ?? null,
  }
}
