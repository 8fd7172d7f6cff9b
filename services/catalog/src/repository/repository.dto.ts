import { ApiProperty } from '@nestjs/swagger'
import { PageQuery, TextField, TextSetField, UnchangeableField } from '@weir/http'
import type { Repository } from './repository.entity.js'

const name = {
  description: 'Its name, a part of its path `/r/{name}/v1`; unique in the organization.',
  maxLength: 100,
  example: 'research',
  pattern: {
    regex: /^(?!repo_[0-9a-z]{26}$)[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$/,
    message: 'must have letters, digits, "-" and "_", the first and the last of them a letter or digit',
  },
}
const providers = {
  description: 'Providers whose models can be called through it: ids or names.',
  minItems: 1,
  maxItems: 100,
  item: { maxLength: 100 },
  example: ['openai', 'on-prem'],
}

export class CreateRepositoryDto {
  @TextField(name)
  name: string

  @TextField({ description: 'Its workspace: id or name.', maxLength: 100, example: 'prod' })
  workspace: string

  @TextSetField(providers)
  providers: string[]
}

export class UpdateRepositoryDto {
  @TextField({ ...name, optional: 'not null' })
  name?: string

  @UnchangeableField('make a repository in the other workspace instead')
  workspace?: never

  @TextSetField({ ...providers, optional: 'not null' })
  providers?: string[]
}

export class ListRepositoriesQuery extends PageQuery {
  @TextField({ description: 'Only those of this workspace: its id.', optional: 'not null', maxLength: 100 })
  workspace?: string
}

export class AttachedProviderResponse {
  @ApiProperty({ description: 'Its id.', example: 'prov_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Its name.', example: 'openai' })
  name: string
}

export class RepositoryResponse {
  @ApiProperty({ description: 'Its id.', example: 'repo_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Always `repository`.', enum: ['repository'] })
  object: 'repository'

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'Id of its workspace.', example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  workspace: string

  @ApiProperty({ description: 'Its name.', example: 'research' })
  name: string

  @ApiProperty({
    description: 'Where it is called: the base URL of OpenAI’s API.',
    example: '/r/research/v1',
  })
  path: string

  @ApiProperty({ type: [AttachedProviderResponse], description: 'Its providers.' })
  providers: AttachedProviderResponse[]

  @ApiProperty({
    type: [String],
    description: 'Names of the models that can be called through it, at most 1000.',
  })
  models: string[]

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

/** A repository with what is shown of others. */
export interface ShownRepository {
  repository: Repository
  /** Names of all providers, by id. */
  providerNames: ReadonlyMap<string, string>
  /** Names of the models of its providers. */
  models: string[]
}

export function toResponse({ repository, providerNames, models }: ShownRepository): RepositoryResponse {
  return {
    id: repository.id,
    object: 'repository',
    organization: repository.organization,
    workspace: repository.workspace,
    name: repository.name,
    path: `/r/${repository.name}/v1`,
    providers: repository.providers.map((id) => ({ id, name: providerNames.get(id) ?? '' })),
    models,
    created_at: repository.createdAt.toISOString(),
    updated_at: repository.updatedAt.toISOString(),
  }
}
