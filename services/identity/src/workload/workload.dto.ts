import { ApiProperty, IntersectionType } from '@nestjs/swagger'
import { ModelNamesField, PageQuery, TextField, UnchangeableField } from '@weir/http'
import { RateLimitsDto, RateLimitsResponse, toRateLimitsResponse } from '../limit/rate-limits.dto.js'
import { workloadIdLength, workloadIdPattern } from './workload-id.js'
import type { Workload } from './workload.entity.js'

const name = { description: 'Its name, for people.', maxLength: 200, example: 'Customer service' }
const models = {
  description:
    'Models that it may use: public names, or `["*"]` for all. They need not exist yet. An empty list: none.',
}

export class CreateWorkloadDto extends RateLimitsDto {
  @TextField(name)
  name: string

  @TextField({
    description: 'Its id; left out: made from the name.',
    optional: true,
    maxLength: workloadIdLength,
    example: 'customer-service',
    pattern: {
      regex: workloadIdPattern,
      message: 'must be lowercase letters, digits, "_" and "-", with a letter or digit at both ends',
    },
  })
  id?: string | null

  @TextField({
    description: 'Workspace that it belongs to: id or name.',
    maxLength: 100,
    example: 'production',
  })
  workspace: string

  @ModelNamesField(models)
  models: string[]
}

export class UpdateWorkloadDto extends RateLimitsDto {
  @UnchangeableField('usage is attributed to the id')
  id?: never

  @UnchangeableField('its virtual keys belong to the same workspace')
  workspace?: never

  @TextField({ ...name, optional: 'not null' })
  name?: string

  @ModelNamesField({ ...models, optional: 'not null' })
  models?: string[]
}

export class ListWorkloadsQuery extends PageQuery {
  @TextField({
    description: 'Only those of this workspace: id or name.',
    optional: 'not null',
    maxLength: 100,
  })
  workspace?: string
}

class WorkloadFields {
  @ApiProperty({ description: 'Its id.', example: 'customer-service' })
  id: string

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'Its name.', example: 'Customer service' })
  name: string

  @ApiProperty({
    description: 'Id of the workspace that it belongs to.',
    example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3',
  })
  workspace: string

  @ApiProperty({
    type: [String],
    description: 'Models that it may use; `["*"]`: all.',
    example: ['gpt-4o-mini'],
  })
  models: string[]

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'When one of its virtual keys was last used, at most a minute old; null: never.',
  })
  last_used_at: string | null

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

export class WorkloadResponse extends IntersectionType(WorkloadFields, RateLimitsResponse) {}

export function toResponse(workload: Workload): WorkloadResponse {
  return {
    id: workload.id,
    organization: workload.organization,
    name: workload.name,
    workspace: workload.workspace,
    models: workload.models,
    ...toRateLimitsResponse(workload),
    last_used_at: workload.lastUsedAt?.toISOString() ?? null,
    created_at: workload.createdAt.toISOString(),
    updated_at: workload.updatedAt.toISOString(),
  }
}
