import { ApiProperty, IntersectionType } from '@nestjs/swagger'
import { LimitsResponse, toLimitsResponse } from '../limit/limits.dto.js'
import { endpoints, virtualKeyTypes } from './virtual-key.dto.js'
import type { VirtualKey } from './virtual-key.entity.js'

class VirtualKeyFields {
  @ApiProperty({ description: 'Its id.', example: 'key_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'Its name.', example: 'chatbot in production' })
  name: string

  @ApiProperty({
    description: 'The last four letters of its value, to recognise it by.',
    example: 'vk_…x7Qf',
  })
  hint: string

  @ApiProperty({
    description: 'Id of the workspace that it belongs to.',
    example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3',
  })
  workspace: string

  @ApiProperty({ type: String, nullable: true, description: 'Workload that its usage is attributed to.' })
  workload: string | null

  @ApiProperty({ type: String, nullable: true, description: 'Team that pays.' })
  team: string | null

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Id of the user whose personal key it is; null: a service key.',
  })
  owner: string | null

  @ApiProperty({ description: 'What it is for.', enum: virtualKeyTypes })
  type: string

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Models that it may use; null: all that its workload and team may.',
  })
  models: string[] | null

  @ApiProperty({
    type: 'array',
    items: { type: 'string', enum: endpoints },
    nullable: true,
    description: 'Endpoints that it may call; null: all.',
  })
  endpoints: string[] | null

  @ApiProperty({ type: [String], nullable: true, description: 'Deployments that it may call; null: all.' })
  deployments: string[] | null

  @ApiProperty({ type: [String], nullable: true, description: 'Repositories that it may call; null: all.' })
  repositories: string[] | null

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Networks that it may be used from; null: anywhere.',
  })
  source_networks: string[] | null

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'When it stops working.' })
  expires_at: string | null

  @ApiProperty({ description: 'Refused while true.' })
  disabled: boolean

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'Until when the value before the last rotation works too; null: it does not.',
  })
  previous_value_until: string | null

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'When it was last used, at most a minute old; null: never.',
  })
  last_used_at: string | null

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

export class VirtualKeyResponse extends IntersectionType(VirtualKeyFields, LimitsResponse) {}

/** A virtual key with its value, which is shown this once. */
export class NewVirtualKeyResponse extends VirtualKeyResponse {
  @ApiProperty({ description: 'Its value. Keep it now: it is never shown again.', example: 'vk_…' })
  key: string
}

/** Names every field that is shown: the hash is none of them. */
export function toResponse(virtualKey: VirtualKey): VirtualKeyResponse {
  const { previousUntil } = virtualKey
  return {
    id: virtualKey.id,
    organization: virtualKey.organization,
    name: virtualKey.name,
    hint: virtualKey.hint,
    workspace: virtualKey.workspace,
    workload: virtualKey.workload,
    team: virtualKey.team,
    owner: virtualKey.owner,
    type: virtualKey.type,
    models: virtualKey.models,
    endpoints: virtualKey.endpoints,
    deployments: virtualKey.deployments,
    repositories: virtualKey.repositories,
    source_networks: virtualKey.sourceNetworks,
    expires_at: virtualKey.expiresAt?.toISOString() ?? null,
    disabled: virtualKey.disabled,
    ...toLimitsResponse(virtualKey),
    previous_value_until: previousUntil && previousUntil > new Date() ? previousUntil.toISOString() : null,
    last_used_at: virtualKey.lastUsedAt?.toISOString() ?? null,
    created_at: virtualKey.createdAt.toISOString(),
    updated_at: virtualKey.updatedAt.toISOString(),
  }
}
