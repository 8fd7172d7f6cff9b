import { ApiProperty } from '@nestjs/swagger'
import { withoutSecrets } from '@weir/plugin-settings'
import { type Deployment, fallbackCauses, strategies, type Target } from './deployment.entity.js'

export class TargetResponse {
  @ApiProperty({ description: 'Name of the model.', example: 'gpt-4o-mini' })
  model: string

  @ApiProperty({ description: 'Id of the model.', example: 'model_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  model_id: string

  @ApiProperty({ description: 'Its share within its tier.' })
  weight: number

  @ApiProperty({ type: 'integer', description: 'Its tier.' })
  priority: number
}

export class FallbackResponse {
  @ApiProperty({ type: String, nullable: true, description: 'Name of the model; null: it is a deployment.' })
  model: string | null

  @ApiProperty({ type: String, nullable: true, description: 'Name of the deployment; null: it is a model.' })
  deployment: string | null

  @ApiProperty({ description: 'For which failure it is there.', enum: fallbackCauses })
  on: string
}

export class RuleResponse {
  @ApiProperty({ description: 'A CEL expression.', example: 'input_tokens > 100000' })
  when: string

  @ApiProperty({ type: [TargetResponse], description: 'Where matching requests go.' })
  targets: TargetResponse[]
}

export class RetriesResponse {
  @ApiProperty({ type: 'integer', description: 'Further attempts for each target.' })
  max: number

  @ApiProperty({ description: 'The share of the requests that retries may be.' })
  budget_ratio: number
}

export class StickinessResponse {
  @ApiProperty({ description: 'What they have in common.', enum: ['header', 'user'] })
  by: string

  @ApiProperty({ type: String, nullable: true, description: 'Name of the header.' })
  header: string | null
}

export class DeploymentCacheResponse {
  @ApiProperty({ description: 'Answers are kept.' })
  enabled: boolean

  @ApiProperty({ type: 'integer', nullable: true, description: 'Seconds; null: as its workspace is set.' })
  ttl_s: number | null
}

export class PluginResponse {
  @ApiProperty({ description: 'Its name.' })
  name: string

  @ApiProperty({ type: Object, additionalProperties: true, description: 'Its settings.' })
  settings: object
}

export class HealthSettingsResponse {
  @ApiProperty({ type: 'integer', description: 'Failures in a row after which a target is left alone.' })
  consecutive_failures: number

  @ApiProperty({ type: 'integer', description: 'For how long, milliseconds.' })
  eject_for_ms: number

  @ApiProperty({ type: 'integer', nullable: true, description: 'How often it is checked; null: never.' })
  check_interval_ms: number | null
}

export class DeploymentResponse {
  @ApiProperty({ description: 'Its id.', example: 'dep_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Always `deployment`.', enum: ['deployment'] })
  object: 'deployment'

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'Id of its workspace.', example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  workspace: string

  @ApiProperty({ description: 'The alias, as callers write it in `model`.', example: 'assistant' })
  name: string

  @ApiProperty({ description: 'How one of a tier is chosen.', enum: strategies })
  strategy: string

  @ApiProperty({ type: [TargetResponse], description: 'Where requests go.' })
  targets: TargetResponse[]

  @ApiProperty({ type: [FallbackResponse], description: 'Where they go when all targets have failed.' })
  fallbacks: FallbackResponse[]

  @ApiProperty({ type: [RuleResponse], description: 'The first that matches decides the targets.' })
  rules: RuleResponse[]

  @ApiProperty({ type: RetriesResponse, description: 'How often a request is tried again.' })
  retries: RetriesResponse

  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds; null: as the gateway is set.' })
  timeout_ms: number | null

  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds; null: never.' })
  hedge_after_ms: number | null

  @ApiProperty({ type: StickinessResponse, nullable: true, description: 'null: each request chooses anew.' })
  sticky: StickinessResponse | null

  @ApiProperty({
    type: DeploymentCacheResponse,
    nullable: true,
    description: 'null: as its workspace is set.',
  })
  cache: DeploymentCacheResponse | null

  @ApiProperty({ description: 'Identical requests under way at the same time share one call.' })
  join_identical: boolean

  @ApiProperty({ type: [PluginResponse], description: 'In the order in which they run.' })
  plugins: PluginResponse[]

  @ApiProperty({ type: HealthSettingsResponse, description: 'When a target is left alone for a while.' })
  health: HealthSettingsResponse

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

/** A deployment with the names of what it uses, by id. */
export interface ShownDeployment {
  deployment: Deployment
  names: ReadonlyMap<string, string>
}

export function toResponse({ deployment, names }: ShownDeployment): DeploymentResponse {
  const nameOf = (id: string | undefined) => (id === undefined ? null : (names.get(id) ?? id))
  const toTargets = (targets: Target[]): TargetResponse[] =>
    targets.map(({ model, weight, priority }) => ({
      ...{ model: names.get(model) ?? model, model_id: model, weight, priority },
    }))
  const { sticky, cache, health, retries } = deployment
  return {
    id: deployment.id,
    object: 'deployment',
    organization: deployment.organization,
    workspace: deployment.workspace,
    name: deployment.name,
    strategy: deployment.strategy,
    targets: toTargets(deployment.targets),
    fallbacks: deployment.fallbacks.map(({ model, deployment: other, on }) => ({
      ...{ model: nameOf(model), deployment: nameOf(other), on },
    })),
    rules: deployment.rules.map(({ when, targets }) => ({ when, targets: toTargets(targets) })),
    retries: { max: retries.max, budget_ratio: retries.budgetRatio },
    timeout_ms: deployment.timeoutMs,
    hedge_after_ms: deployment.hedgeAfterMs,
    sticky,
    cache: cache && { enabled: cache.enabled, ttl_s: cache.ttlS },
    join_identical: deployment.joinIdentical,
    plugins: deployment.plugins.map(({ name, settings }) => ({
      name,
      settings: withoutSecrets(name, settings),
    })),
    health: {
      consecutive_failures: health.consecutiveFailures,
      eject_for_ms: health.ejectForMs,
      check_interval_ms: health.checkIntervalMs,
    },
    created_at: deployment.createdAt.toISOString(),
    updated_at: deployment.updatedAt.toISOString(),
  }
}
