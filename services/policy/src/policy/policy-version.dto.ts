import { ApiProperty } from '@nestjs/swagger'
import { PageQuery } from '@weir/http'
import { toScopeResponse } from './policy.dto.js'
import { failureModeOf, type PolicyVersion } from './policy.entity.js'

export class ListVersionsQuery extends PageQuery {}

export class PolicyVersionResponse {
  @ApiProperty({ type: 'integer', description: 'Counts the changes of the policy, from 1.' })
  version: number

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The fields of the policy as they were from then on.',
  })
  content: Record<string, unknown>

  @ApiProperty({ description: 'Who made it: an e-mail address, the id of a key, `master_key`.' })
  changed_by: string

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string
}

export function toVersionResponse({
  version,
  content,
  changedBy,
  createdAt,
}: PolicyVersion): PolicyVersionResponse {
  const { name, text, risk, plan, action, mode, message, owner } = content
  return {
    version,
    content: {
      ...{ name, scope: toScopeResponse(content), text, risk, detectors: plan.detectors, action, mode },
      ...{ applies_to: content.appliesTo, message, owner, on_failure: failureModeOf(content) },
    },
    changed_by: changedBy,
    created_at: createdAt.toISOString(),
  }
}
