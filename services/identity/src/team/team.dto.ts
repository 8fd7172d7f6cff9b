import { ApiProperty, IntersectionType } from '@nestjs/swagger'
import { ModelNamesField, PageQuery, TextField, UnchangeableField } from '@weir/http'
import { LimitsDto, LimitsResponse, toLimitsResponse } from '../limit/limits.dto.js'
import type { Team } from './team.entity.js'

/** Length of a team's id at most. */
export const teamIdLength = 200

/** A letter or digit at both ends. */
export const teamIdPattern = /^[A-Za-z0-9](?:[A-Za-z0-9_.+@-]*[A-Za-z0-9])?$/

const parent = {
  description: 'The team above it. A key may use no model that a team above its own may not.',
  optional: true,
  maxLength: teamIdLength,
  example: 'sales',
} as const
const models = {
  description: 'Models that its virtual keys may use: public names, or `["*"]`. Left out: all.',
  optional: true,
} as const

export class CreateTeamDto extends LimitsDto {
  @TextField({
    description: 'Its name, which is its id and never changes.',
    maxLength: teamIdLength,
    example: 'sales-emea',
    pattern: {
      regex: teamIdPattern,
      message: 'must be letters, digits, "_", "-", ".", "+" and "@", with a letter or digit at both ends',
    },
  })
  name: string

  @TextField(parent)
  parent?: string | null

  @ModelNamesField(models)
  models?: string[] | null
}

export class UpdateTeamDto extends LimitsDto {
  @UnchangeableField('the name of a team is its id')
  name?: never

  @TextField(parent)
  parent?: string | null

  @ModelNamesField(models)
  models?: string[] | null
}

export class ListTeamsQuery extends PageQuery {
  @TextField({
    description: 'Only the teams right below this one.',
    optional: 'not null',
    maxLength: teamIdLength,
  })
  parent?: string
}

class TeamFields {
  @ApiProperty({ description: 'Its id, which is its name.', example: 'sales-emea' })
  id: string

  @ApiProperty({ description: 'Its name.', example: 'sales-emea' })
  name: string

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ type: String, nullable: true, description: 'The team above it.', example: 'sales' })
  parent: string | null

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Models that its virtual keys may use; null: all.',
  })
  models: string[] | null

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

export class TeamResponse extends IntersectionType(TeamFields, LimitsResponse) {}

export function toResponse(team: Team): TeamResponse {
  return {
    id: team.id,
    name: team.id,
    organization: team.organization,
    parent: team.parent,
    models: team.models,
    ...toLimitsResponse(team),
    created_at: team.createdAt.toISOString(),
    updated_at: team.updatedAt.toISOString(),
  }
}
