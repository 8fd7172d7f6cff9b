import { ApiProperty } from '@nestjs/swagger'
import type { DetectorSettings } from '@weir/detectors'
import { ObjectField, PageQuery, TextField, TextSetField, WordField } from '@weir/http'
import {
  type FailureMode,
  failureModeOf,
  failureModes,
  type Policy,
  type PolicyAction,
  policyActions,
  type PolicyDirection,
  policyDirections,
  type PolicyMode,
  policyModes,
  type PolicyRisk,
  policyRisks,
} from './policy.entity.js'
import { DetectorsField, ProseField } from './policy.field.js'
import { PlanResponse, toPlanResponse } from './plan.dto.js'

const idOrName = { maxLength: 200, optional: 'not null' as const }
const narrowing = (description: string, example: string) => ({
  ...{ description, optional: 'not null' as const, minItems: 1, maxItems: 200, item: { maxLength: 200 } },
  example: [example],
})

/** `{}`: all of the organization. */
export class PolicyScopeDto {
  @TextField({
    ...{ description: 'Id of a workspace: what its virtual keys send.', ...idOrName },
    example: 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3',
  })
  workspace?: string

  @TextField({
    description: 'Id or name of a repository: what goes through it.',
    ...idOrName,
    example: 'team-a',
  })
  repository?: string

  @TextSetField(narrowing('Only calls of these deployments, by id or name.', 'fast'))
  deployments?: string[]

  @TextSetField(narrowing('Only calls of these workloads, by id.', 'support-bot'))
  workloads?: string[]

  @TextSetField(narrowing('Only calls that may reach one of these models, by public name.', 'gpt-4o-mini'))
  models?: string[]
}

const scope = {
  description:
    'Where it applies: `{}` all of the organization, or one workspace, or one repository; narrowed further by ' +
    'deployments, workloads and models. All policies in scope apply, and the strictest action wins.',
}
const name = {
  description: 'Its name, unique in the organization.',
  maxLength: 200,
  example: 'No card numbers',
}
const text = {
  description: 'The rule in plain language.',
  maxLength: 10_000,
  example: 'No credit card numbers may be sent to a model.',
}
const risk = { description: 'How bad a violation is. Left out: medium.', words: policyRisks }
const detectors = {
  description:
    'What finds violations, by name or with settings. Left out: what the text names; the `plan` of the answer ' +
    'shows it, and sending `detectors` replaces it.',
  optional: true as const,
}
const action = {
  description:
    'What is done: `log` and `alert` record, `mask` replaces what was found, `block` refuses the request.',
  words: policyActions,
}
const mode = {
  description: '`off`; `shadow`: evaluated and recorded, and nothing is done; `enforce`.',
  words: policyModes,
}
const appliesTo = {
  description:
    'What is sent to models (input), what they answer (output), or both. Answers are not judged yet: ' +
    'only `input` can be in force.',
  words: policyDirections,
}
const message = {
  description:
    'What the caller of a blocked request is told. Left out: what was found, never the text itself.',
  maxLength: 1000,
  optional: true as const,
  example: 'Remove card numbers and send it again.',
}
const owner = {
  description: 'Whom to ask about it.',
  maxLength: 200,
  optional: true as const,
  example: 'security@example.com',
}
const onFailure = {
  description:
    'What becomes of a request that could not be judged: `open` it goes on, `closed` it is refused with 503. ' +
    'Left out: closed for mask and block, else open.',
  words: failureModes,
  optional: true as const,
}

export class CreatePolicyDto {
  @TextField(name)
  name: string

  @ObjectField(scope, () => PolicyScopeDto)
  scope: PolicyScopeDto

  @ProseField(text)
  text: string

  @WordField({ ...risk, optional: 'not null' })
  risk?: PolicyRisk

  @DetectorsField(detectors)
  detectors?: DetectorSettings[] | null

  @WordField(action)
  action: PolicyAction

  @WordField(mode)
  mode: PolicyMode

  @WordField(appliesTo)
  applies_to: PolicyDirection

  @ProseField(message)
  message?: string | null

  @TextField(owner)
  owner?: string | null

  @WordField(onFailure)
  on_failure?: FailureMode | null
}

export class UpdatePolicyDto {
  @TextField({ ...name, optional: 'not null' })
  name?: string

  @ObjectField({ ...scope, optional: 'not null' }, () => PolicyScopeDto)
  scope?: PolicyScopeDto

  @ProseField({ ...text, optional: 'not null' })
  text?: string

  @WordField({ ...risk, optional: 'not null' })
  risk?: PolicyRisk

  @DetectorsField({ ...detectors, description: `${detectors.description} null: the text's again.` })
  detectors?: DetectorSettings[] | null

  @WordField({ ...action, optional: 'not null' })
  action?: PolicyAction

  @WordField({ ...mode, optional: 'not null' })
  mode?: PolicyMode

  @WordField({ ...appliesTo, optional: 'not null' })
  applies_to?: PolicyDirection

  @ProseField(message)
  message?: string | null

  @TextField(owner)
  owner?: string | null

  @WordField(onFailure)
  on_failure?: FailureMode | null
}

export class ListPoliciesQuery extends PageQuery {
  @TextField({ description: 'Only those of this workspace alone.', ...idOrName })
  workspace?: string

  @WordField({ description: 'Only those in this mode.', words: policyModes, optional: 'not null' })
  mode?: PolicyMode
}

export class PolicyResponse {
  @ApiProperty({ description: 'Its id.', example: 'pol_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: name.description, example: name.example })
  name: string

  @ApiProperty({ type: PolicyScopeDto, description: scope.description, example: {} })
  scope: PolicyScopeDto

  @ApiProperty({ description: text.description, example: text.example })
  text: string

  @ApiProperty({ type: String, description: 'How bad a violation is.', enum: policyRisks })
  risk: PolicyRisk

  @ApiProperty({ type: PlanResponse, description: 'How it is evaluated.' })
  plan: PlanResponse

  @ApiProperty({ type: String, description: action.description, enum: policyActions })
  action: PolicyAction

  @ApiProperty({ type: String, description: mode.description, enum: policyModes })
  mode: PolicyMode

  @ApiProperty({ type: String, description: appliesTo.description, enum: policyDirections })
  applies_to: PolicyDirection

  @ApiProperty({ type: String, nullable: true, description: 'What the caller of a blocked request is told.' })
  message: string | null

  @ApiProperty({ type: String, nullable: true, description: owner.description })
  owner: string | null

  @ApiProperty({
    type: String,
    description: 'What becomes of a request that could not be judged.',
    enum: failureModes,
  })
  on_failure: FailureMode

  @ApiProperty({ type: 'integer', description: 'Counts its changes, from 1.' })
  version: number

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

export function toScopeResponse(
  policy: Pick<Policy, 'workspace' | 'repository' | 'deployments' | 'workloads' | 'models'>,
): PolicyScopeDto {
  const { workspace, repository, deployments, workloads, models } = policy
  return {
    ...(workspace !== null && { workspace }),
    ...(repository !== null && { repository }),
    ...(deployments.length > 0 && { deployments }),
    ...(workloads.length > 0 && { workloads }),
    ...(models.length > 0 && { models }),
  }
}

export function toResponse(policy: Policy): PolicyResponse {
  return {
    id: policy.id,
    name: policy.name,
    scope: toScopeResponse(policy),
    text: policy.text,
    risk: policy.risk,
    plan: toPlanResponse(policy.plan),
    action: policy.action,
    mode: policy.mode,
    applies_to: policy.appliesTo,
    message: policy.message,
    owner: policy.owner,
    on_failure: failureModeOf(policy),
    version: policy.version,
    created_at: policy.createdAt.toISOString(),
    updated_at: policy.updatedAt.toISOString(),
  }
}
