import { ApiProperty } from '@nestjs/swagger'
import type { policyV1 } from '@weir/contracts'
import { Field, formatDollars, PageQuery, TextField, WordField } from '@weir/http'
import { type Refusal, toError } from '@weir/rights'
import { isIP } from 'node:net'
import { toLimitsResponse } from '../limit/limits.dto.js'
import { Limits, type RateLimits } from '../limit/limits.entity.js'
import { RateLimitsResponse, toRateLimitsResponse } from '../limit/rate-limits.dto.js'
import type { EffectiveModel, EffectiveRights, NamedRefusal } from './effective-rights.js'
import { endpoints } from './virtual-key.dto.js'

export class EffectiveRightsQuery extends PageQuery {
  @WordField({ description: 'For calls of this endpoint.', optional: 'not null', words: endpoints })
  endpoint = 'chat'

  @Field(
    { description: 'For calls from this address. Left out: from any that is allowed.', optional: 'not null' },
    { type: String, example: '10.1.2.3' },
    (value) => (typeof value === 'string' && isIP(value) !== 0 ? undefined : 'must be an IP address'),
  )
  source?: string

  @TextField({
    description: 'For calls below this repository: its name. Left out: for those below /v1.',
    optional: 'not null',
    maxLength: 100,
  })
  repository?: string
}

/** Why something is refused: what a call would be answered with. */
class RefusalResponse {
  @ApiProperty({ description: 'The error’s code.', example: 'model_not_allowed' })
  code: string

  @ApiProperty({ description: 'What a caller reads.' })
  message: string
}

/** A limit that applies to calls with the key. */
class EffectiveLimitResponse extends RateLimitsResponse {
  @ApiProperty({
    description: 'Whose limit it is.',
    enum: ['organization', 'team', 'workspace', 'workspace_model', 'workload', 'virtual_key'],
  })
  scope: string

  @ApiProperty({ description: 'Its id; of `workspace_model` the model’s name.' })
  id: string

  @ApiProperty({ type: String, nullable: true, description: 'Dollars that may be spent.', example: '100' })
  max_budget: string | null

  @ApiProperty({ type: String, nullable: true, description: 'How often the budget starts anew.' })
  budget_duration: string | null

  @ApiProperty({ type: 'integer', nullable: true, description: 'Output tokens that a request may ask for.' })
  max_output_tokens: number | null
}

/** A budget that calls with the key are paid from. */
class EffectiveBudgetResponse {
  @ApiProperty({ description: 'Its id.', example: 'budget_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({
    description: 'What it is of.',
    enum: ['organization', 'team', 'workspace', 'workload', 'virtual_key'],
  })
  scope: string

  @ApiProperty({ description: 'Id of what it is of.' })
  scope_id: string

  @ApiProperty({ description: 'Whether it refuses what does not fit.' })
  hard: boolean

  @ApiProperty({ description: 'How often it starts anew.', example: 'monthly' })
  period: string

  @ApiProperty({ description: 'Dollars that may be spent in the period.', example: '100' })
  limit: string

  @ApiProperty({ description: 'Dollars that were spent in it.', example: '41.5' })
  spent: string

  @ApiProperty({ description: 'Dollars set aside for calls under way, or leased to gateways.' })
  held: string

  @ApiProperty({ description: 'Dollars that gateways held which were not heard of for 120 s.' })
  estimated: string

  @ApiProperty({ description: 'Dollars that are left.', example: '58.25' })
  left: string

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'End of the period; null: never.',
  })
  resets_at: string | null
}

class EffectiveModelResponse {
  @ApiProperty({ description: 'Name of the model.', example: 'gpt-4o-mini' })
  model: string

  @ApiProperty({ description: 'Whether the key may use it now.' })
  allowed: boolean

  @ApiProperty({ type: RefusalResponse, nullable: true, description: 'Why not; null when it may.' })
  refusal: RefusalResponse | null

  @ApiProperty({
    type: [EffectiveLimitResponse],
    description: 'The limits of the model in the workspace, besides those of the key.',
  })
  limits: EffectiveLimitResponse[]
}

class EffectiveRouteResponse {
  @ApiProperty({ description: 'Its name.', example: 'assistant' })
  name: string

  @ApiProperty({ description: 'Whether the key may call it now.' })
  allowed: boolean

  @ApiProperty({ type: RefusalResponse, nullable: true, description: 'Why not; null when it may.' })
  refusal: RefusalResponse | null
}

export class EffectiveRightsResponse {
  @ApiProperty({ description: 'Always `list`: of models.', enum: ['list'] })
  object: 'list'

  @ApiProperty({ description: 'Id of the virtual key.' })
  key: string

  @ApiProperty({ description: 'For calls of this endpoint.', enum: endpoints })
  endpoint: string

  @ApiProperty({ description: 'The moment that it is about.', format: 'date-time' })
  at: string

  @ApiProperty({
    type: RefusalResponse,
    nullable: true,
    description: 'Why the key may call nothing at all now; null when it may.',
  })
  refusal: RefusalResponse | null

  @ApiProperty({ type: [String], nullable: true, description: 'Endpoints that it may call; null: all.' })
  endpoints: string[] | null

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Networks that it may be used from; null: anywhere.',
  })
  source_networks: string[] | null

  @ApiProperty({ type: [String], nullable: true, description: 'Deployments that it may call; null: all.' })
  deployments: string[] | null

  @ApiProperty({ type: [String], nullable: true, description: 'Repositories that it may call; null: all.' })
  repositories: string[] | null

  @ApiProperty({
    type: [EffectiveRouteResponse],
    description: 'Deployments of its workspace, by name; each of their targets is judged when it is called.',
  })
  workspace_deployments: EffectiveRouteResponse[]

  @ApiProperty({ type: [EffectiveRouteResponse], description: 'Repositories of its workspace, by name.' })
  workspace_repositories: EffectiveRouteResponse[]

  @ApiProperty({ description: 'Whether its workspace is limited to a whitelist of models.' })
  whitelisted: boolean

  @ApiProperty({ type: [EffectiveLimitResponse], description: 'Limits of every call with the key.' })
  limits: EffectiveLimitResponse[]

  @ApiProperty({
    type: [EffectiveBudgetResponse],
    nullable: true,
    description:
      'Budgets that every call with the key is paid from, from the top down; null: they could not be read.',
  })
  budgets: EffectiveBudgetResponse[] | null

  @ApiProperty({ type: [EffectiveModelResponse], description: 'Models of the organization, by name.' })
  data: EffectiveModelResponse[]

  @ApiProperty({ description: 'There is a next page.' })
  has_more: boolean

  @ApiProperty({ type: String, nullable: true, description: '`cursor` of the next page.' })
  next_cursor: string | null
}

function toRefusalResponse(refusal: Refusal | undefined): RefusalResponse | null {
  return refusal ? { code: refusal.code, message: toError(refusal).message } : null
}

const noMoney = { max_budget: null, budget_duration: null }

/** None when nothing is limited. */
function toLimits(scope: string, id: string, limits: RateLimits | null): EffectiveLimitResponse[] {
  if (!limits) return []
  const money = limits instanceof Limits ? toLimitsResponse(limits) : noMoney
  const shown = { ...toRateLimitsResponse(limits), ...money, max_output_tokens: null }
  return Object.values(shown).some((limit) => limit !== null) ? [{ scope, id, ...shown }] : []
}

function toModelLimits(id: string, entry: EffectiveModel['entry']): EffectiveLimitResponse[] {
  const { rpmLimit = 0, tpmLimit = 0, maxOutputTokens = 0 } = entry ?? {}
  if (rpmLimit === 0 && tpmLimit === 0 && maxOutputTokens === 0) return []
  return [
    {
      ...{ scope: 'workspace_model', id, rpm_limit: rpmLimit || null, tpm_limit: tpmLimit || null },
      ...{ input_tpm_limit: null, output_tpm_limit: null, max_parallel_requests: null, ...noMoney },
      max_output_tokens: maxOutputTokens || null,
    },
  ]
}

function toBudgetResponse(budget: policyV1.BudgetStatus): EffectiveBudgetResponse {
  const { scope = '', scopeId = '' } = budget.of ?? {}
  const dollars = (amountNanoUsd: string) => formatDollars(BigInt(amountNanoUsd))
  const resetsAtMs = Number(budget.resetsAtMs)
  return {
    ...{ id: budget.id, scope: scope === 'key' ? 'virtual_key' : scope, scope_id: scopeId },
    ...{ hard: budget.hard, period: budget.period },
    limit: dollars(budget.limitNanoUsd),
    spent: dollars(budget.spentNanoUsd),
    held: dollars(budget.heldNanoUsd),
    estimated: dollars(budget.estimatedNanoUsd),
    left: dollars(budget.leftNanoUsd),
    resets_at: resetsAtMs === 0 ? null : new Date(resetsAtMs).toISOString(),
  }
}

export function toModelResponse({ name, refusal, entry }: EffectiveModel): EffectiveModelResponse {
  return {
    model: name,
    allowed: refusal === undefined,
    refusal: toRefusalResponse(refusal),
    limits: toModelLimits(name, entry),
  }
}

function toRouteResponse({ name, refusal }: NamedRefusal): EffectiveRouteResponse {
  return { name, allowed: refusal === undefined, refusal: toRefusalResponse(refusal) }
}

/** All but the page of models. */
export function toHeadResponse(
  rights: EffectiveRights,
  endpoint: string,
): Omit<EffectiveRightsResponse, 'data' | 'has_more' | 'next_cursor'> {
  const { virtualKey, workspace, workload, teams } = rights
  return {
    object: 'list',
    key: virtualKey.id,
    endpoint,
    at: new Date(rights.nowMs).toISOString(),
    refusal: toRefusalResponse(rights.refusal),
    endpoints: virtualKey.endpoints,
    source_networks: virtualKey.sourceNetworks,
    deployments: virtualKey.deployments,
    repositories: virtualKey.repositories,
    workspace_deployments: rights.deployments.map(toRouteResponse),
    workspace_repositories: rights.repositories.map(toRouteResponse),
    whitelisted: rights.isWhitelisted,
    limits: [
      ...toLimits('organization', virtualKey.organization, rights.organization),
      ...teams.flatMap((team) => toLimits('team', team.id, team)),
      ...toLimits('workspace', virtualKey.workspace, workspace),
      ...toLimits('workload', virtualKey.workload ?? '', workload),
      ...toLimits('virtual_key', virtualKey.id, virtualKey),
    ],
    budgets: rights.budgets?.map(toBudgetResponse) ?? null,
  }
}
