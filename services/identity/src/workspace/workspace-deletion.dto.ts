import { ApiProperty } from '@nestjs/swagger'
import { WordField } from '@weir/http'
import type { Deletion } from './workspace-lifecycle.service.js'

const words = ['true', 'false'] as const

export class DeleteWorkspaceQuery {
  @WordField({
    description: 'Delete it with all that is in it: its virtual keys are refused at once.',
    optional: 'not null',
    words,
  })
  force?: string

  @WordField({ description: 'Change nothing, and say what would go.', optional: 'not null', words })
  dry_run?: string
}

export class WorkspaceDeletionResponse {
  @ApiProperty({ description: "The workspace's id.", example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  workspace: string

  @ApiProperty({ description: 'Its name.', example: 'production' })
  name: string

  @ApiProperty({ type: 'integer', description: 'Workloads that would go.' })
  workloads: number

  @ApiProperty({ type: 'integer', description: 'Virtual keys that would be refused from then on.' })
  keys: number

  @ApiProperty({ type: 'integer', description: 'Members who would be members no more.' })
  members: number

  @ApiProperty({ type: 'integer', description: 'Invitations that would be good for nothing.' })
  invitations: number

  @ApiProperty({ description: 'It is in use, so that deleting it takes `force`.' })
  needs_force: boolean

  @ApiProperty({
    type: [String],
    description:
      'What uses it; a few of each. Providers and whitelists of the workspace stay, and serve nobody.',
  })
  in_use_by: string[]
}

export function toDeletionResponse({ workspace, inUseBy, ...deletion }: Deletion): WorkspaceDeletionResponse {
  const { workloads, virtualKeys, members, invitations } = deletion
  return {
    workspace: workspace.id,
    name: workspace.name,
    ...{ workloads, keys: virtualKeys, members, invitations },
    needs_force: inUseBy.length > 0,
    in_use_by: inUseBy,
  }
}
