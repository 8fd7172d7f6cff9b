import {
  FutureTimeField,
  IntegerField,
  ModelNamesField,
  OptionalBody,
  PageQuery,
  SwitchField,
  TextField,
  TextSetField,
  UnchangeableField,
  WordField,
} from '@weir/http'
import { teamIdLength } from '../team/team.dto.js'
import { NetworksField } from './networks-field.js'
import { LimitsDto } from '../limit/limits.dto.js'
import { workloadIdLength } from '../workload/workload-id.js'

export const virtualKeyTypes = ['llm', 'management', 'default'] as const

/** What a virtual key may be allowed to call. */
export const endpoints = [
  ...['chat', 'completions', 'embeddings', 'responses', 'messages'],
  ...['images', 'audio', 'moderations', 'rerank', 'models'],
]

const name = { description: 'Its name, for people.', maxLength: 200, example: 'chatbot in production' }
const type = {
  description: '`llm` calls models, `management` manages, `default` does both.',
  words: virtualKeyTypes,
}

/** What a virtual key may be given at creation and later. */
class VirtualKeyRightsDto extends LimitsDto {
  @TextField({
    description:
      'Workload that its usage is attributed to, and whose models it may use; of the same workspace.',
    optional: true,
    maxLength: workloadIdLength,
    example: 'customer-service',
  })
  workload?: string | null

  @TextField({
    description: 'Team that pays. A key without one is refused by the inference endpoints.',
    optional: true,
    maxLength: teamIdLength,
    example: 'sales-emea',
  })
  team?: string | null

  @ModelNamesField({
    description:
      'Models that it may use: public names, or `["*"]`. Left out: all that its workload and team may. An empty list: none, so that only deployments can be called.',
    optional: true,
  })
  models?: string[] | null

  @TextSetField({
    description: 'Endpoints that it may call. Left out: all.',
    optional: true,
    minItems: 1,
    maxItems: endpoints.length,
    item: { maxLength: 20, words: endpoints },
    example: ['chat', 'embeddings'],
  })
  endpoints?: string[] | null

  @TextSetField({
    description: 'Deployments that it may call. Left out: all.',
    optional: true,
    maxItems: 1000,
    item: { maxLength: 200 },
    example: ['assistant'],
  })
  deployments?: string[] | null

  @TextSetField({
    description: 'Repositories that it may call. Left out: all.',
    optional: true,
    maxItems: 1000,
    item: { maxLength: 200 },
    example: ['research'],
  })
  repositories?: string[] | null

  @NetworksField({
    description: 'Networks and addresses that it may be used from. Left out: anywhere.',
    optional: true,
  })
  source_networks?: string[] | null

  @FutureTimeField({ description: 'When it stops working, RFC 3339. Left out: never.', optional: true })
  expires_at?: string | null

  @SwitchField({ description: 'Refused while true.', optional: 'not null' })
  disabled?: boolean
}

export class CreateVirtualKeyDto extends VirtualKeyRightsDto {
  @TextField(name)
  name: string

  @TextField({
    description: 'Workspace that it belongs to: id or name.',
    maxLength: 100,
    example: 'production',
  })
  workspace: string

  @TextField({
    description:
      'User whose personal key it is: id of a member of the workspace, with whose membership it is deleted. Left out: a service key, which outlives its maker.',
    optional: true,
    maxLength: 100,
    example: 'usr_01k9x3v0c2m8q4r7t5y6z1a2b3',
  })
  owner?: string | null

  @WordField({ ...type, description: `${type.description} Left out: \`llm\`.`, optional: true })
  type?: string | null
}

export class UpdateVirtualKeyDto extends VirtualKeyRightsDto {
  @UnchangeableField('make a key in the other workspace instead')
  workspace?: never

  @UnchangeableField('make another key instead')
  owner?: never

  @TextField({ ...name, optional: 'not null' })
  name?: string

  @WordField({ ...type, optional: 'not null' })
  type?: string
}

/** How the value of a virtual key is replaced. */
@OptionalBody()
export class RotateVirtualKeyDto {
  @IntegerField({
    description: 'Seconds in which the old value works too. Left out: it stops working at once.',
    optional: true,
    min: 0,
    max: 30 * 86_400,
  })
  grace_period_s?: number | null
}

export class ListVirtualKeysQuery extends PageQuery {
  @TextField({
    description: 'Only those of this workspace: id or name.',
    optional: 'not null',
    maxLength: 100,
  })
  workspace?: string

  @TextField({ description: 'Only those of this team.', optional: 'not null', maxLength: teamIdLength })
  team?: string

  @TextField({
    description: 'Only those of this workload.',
    optional: 'not null',
    maxLength: workloadIdLength,
  })
  workload?: string
}
