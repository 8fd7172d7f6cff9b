import {
  IntegerField,
  NumberField,
  ObjectField,
  ObjectListField,
  OpenObjectField,
  PageQuery,
  SwitchField,
  TextField,
  UnchangeableField,
  WordField,
} from '@weir/http'
import { maxPlugins } from '@weir/plugin-settings'
import { maxRuleLength, ruleVariables } from '@weir/routing-rules'
import { fallbackCauses, strategies, type Strategy } from './deployment.entity.js'

const maxTargets = 50
const modelName = { description: 'Model: id or name.', maxLength: 200, example: 'gpt-4o-mini' }

export class TargetDto {
  @TextField(modelName)
  model: string

  @NumberField({
    description: 'Its share within its tier, to be compared with the others’. Left out: 1.',
    optional: 'not null',
    min: 0,
    max: 1_000_000,
  })
  weight?: number

  @IntegerField({
    description: 'Its tier: tiers are tried from the lowest number up. Left out: 0.',
    optional: 'not null',
    min: 0,
    max: 100,
  })
  priority?: number
}

export class FallbackDto {
  @TextField({ ...modelName, description: 'Model: id or name.', optional: 'not null' })
  model?: string

  @TextField({
    description: 'Instead of a model: another deployment of the workspace, id or name.',
    optional: 'not null',
    maxLength: 200,
  })
  deployment?: string

  @WordField({
    description: 'For which failure it is there. Left out: for every one.',
    optional: 'not null',
    words: fallbackCauses,
  })
  on?: (typeof fallbackCauses)[number]
}

export class RuleDto {
  @TextField({
    description: `A CEL expression that is true or false, over ${Object.entries(ruleVariables)
      .map(([name, type]) => `\`${name}\` (${type})`)
      .join(', ')}. Times are UTC's; weekday 1 is Monday.`,
    maxLength: maxRuleLength,
    example: 'input_tokens > 100000 || headers["x-tier"] == "gold"',
  })
  when: string

  @TextField({ ...modelName, description: 'The only target: id or name of a model.', optional: 'not null' })
  model?: string

  @ObjectListField(
    {
      description: 'Instead of a model: the targets.',
      optional: 'not null',
      minItems: 1,
      maxItems: maxTargets,
    },
    () => TargetDto,
  )
  targets?: TargetDto[]
}

export class RetriesDto {
  @IntegerField({
    description: 'Further attempts for each target. Left out: 3.',
    optional: 'not null',
    min: 0,
    max: 10,
  })
  max?: number

  @NumberField({
    description:
      'Retries are at most this share of the deployment’s requests, so that a failing provider is not flooded. Left out: 0.5. Twenty, and ten more each second, are always allowed.',
    optional: 'not null',
    min: 0,
    max: 1,
  })
  budget_ratio?: number
}

export class StickinessDto {
  @WordField({
    description: 'What requests that stay together have in common: a header, or the field `user`.',
    words: ['header', 'user'],
  })
  by: 'header' | 'user'

  @TextField({
    description: 'Name of the header.',
    optional: true,
    maxLength: 100,
    example: 'x-session-id',
    pattern: {
      regex: /^(?!(authorization|x-api-key|cookie)$)[a-z0-9-]+$/i,
      message: 'must be the name of a header that holds no credential',
    },
  })
  header?: string | null
}

export class DeploymentCacheDto {
  @SwitchField({ description: 'Answers are kept and given again. Left out: true.', optional: 'not null' })
  enabled?: boolean

  @IntegerField({
    description: 'For how long, seconds. Left out: as its workspace is set.',
    optional: true,
    min: 1,
    max: 2_592_000,
  })
  ttl_s?: number | null
}

export class PluginDto {
  @TextField({ description: 'Its name.', maxLength: 100 })
  name: string

  @OpenObjectField({ description: 'Its settings.' })
  settings: Record<string, unknown>
}

export class HealthDto {
  @IntegerField({
    description: 'A target is left alone after so many failures in a row. Left out: 5.',
    optional: 'not null',
    min: 1,
    max: 1_000,
  })
  consecutive_failures?: number

  @IntegerField({
    description: 'For so long, milliseconds; then one request tries it. Left out: 30000.',
    optional: 'not null',
    min: 100,
    max: 3_600_000,
  })
  eject_for_ms?: number

  @IntegerField({
    description:
      'Targets are also checked without any request, so often, milliseconds. Left out: they are not.',
    optional: true,
    min: 1_000,
    max: 3_600_000,
  })
  check_interval_ms?: number | null
}

const name = {
  description:
    'The alias, as callers write it in `model`; unique among its workspace’s deployments and models.',
  maxLength: 200,
  example: 'assistant',
  pattern: {
    regex: /^(?!dep_[0-9a-z]{26}$)(?!(?:.*\/)?\.{1,2}(?:\/|$))[\x21-\x29\x2b-\x7e]+$/,
    message:
      'must be printable ASCII without spaces and "*", and may not look like the id of a deployment or a relative path',
  },
}

/** What may be changed of a deployment, and may be left out when it is made. */
export class DeploymentSettingsDto {
  @WordField({
    description: 'How one of a tier is chosen. Left out: weighted_round_robin.',
    optional: 'not null',
    words: strategies,
  })
  strategy?: Strategy

  @ObjectListField(
    {
      description: 'Where requests go when all targets have failed, in this order.',
      optional: 'not null',
      maxItems: 20,
    },
    () => FallbackDto,
  )
  fallbacks?: FallbackDto[]

  @ObjectListField(
    {
      description: 'Send requests of a kind to targets of their own; the first that matches counts.',
      optional: 'not null',
      maxItems: 50,
    },
    () => RuleDto,
  )
  rules?: RuleDto[]

  @ObjectField({ description: 'How often a request is tried again.', optional: true }, () => RetriesDto)
  retries?: RetriesDto | null

  @IntegerField({
    description:
      'How long an attempt may take up to its first byte, milliseconds. Left out: as the gateway is set.',
    optional: true,
    min: 100,
    max: 3_600_000,
  })
  timeout_ms?: number | null

  @IntegerField({
    description:
      'A second attempt is begun beside one that has not answered after so long, milliseconds; the first to answer counts, both are paid for. Left out: never.',
    optional: true,
    min: 10,
    max: 600_000,
  })
  hedge_after_ms?: number | null

  @ObjectField(
    { description: 'Requests that stay with one target. Left out: none do.', optional: true },
    () => StickinessDto,
  )
  sticky?: StickinessDto | null

  @ObjectField(
    { description: 'Whether answers are kept. Left out: as its workspace is set.', optional: true },
    () => DeploymentCacheDto,
  )
  cache?: DeploymentCacheDto | null

  @SwitchField({
    description: 'Identical requests under way at the same time share one call. Left out: false.',
    optional: 'not null',
  })
  join_identical?: boolean

  @ObjectListField(
    {
      description: 'Runtime plugins, in the order in which they run.',
      optional: 'not null',
      maxItems: maxPlugins,
    },
    () => PluginDto,
  )
  plugins?: PluginDto[]

  @ObjectField({ description: 'When a target is left alone for a while.', optional: true }, () => HealthDto)
  health?: HealthDto | null
}

const targets = {
  description: 'The models that it sends requests to. They must be among those that its workspace may use.',
  minItems: 1,
  maxItems: maxTargets,
}

export class CreateDeploymentDto extends DeploymentSettingsDto {
  @TextField(name)
  name: string

  @TextField({ description: 'Its workspace: id or name.', maxLength: 100, example: 'prod' })
  workspace: string

  @ObjectListField(targets, () => TargetDto)
  targets: TargetDto[]
}

export class UpdateDeploymentDto extends DeploymentSettingsDto {
  @TextField({ ...name, optional: 'not null' })
  name?: string

  @UnchangeableField('make a deployment in the other workspace instead')
  workspace?: never

  @ObjectListField({ ...targets, optional: 'not null' }, () => TargetDto)
  targets?: TargetDto[]
}

export class ListDeploymentsQuery extends PageQuery {
  @TextField({ description: 'Only those of this workspace: its id.', optional: 'not null', maxLength: 100 })
  workspace?: string

  @TextField({ description: 'Only those with this name.', optional: 'not null', maxLength: 200 })
  name?: string
}
