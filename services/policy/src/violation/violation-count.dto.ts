import { ApiProperty } from '@nestjs/swagger'
import { WordField } from '@weir/http'
import { ListViolationsQuery } from './violation.dto.js'

/** What violations are counted by. */
export const countedBy = [
  'policy',
  'provider',
  'workload',
  'workspace',
  'team',
  'key',
  'model',
  'mode',
] as const
export type CountedBy = (typeof countedBy)[number]

export class CountViolationsQuery extends ListViolationsQuery {
  @WordField({
    ...{ description: 'What they are counted by. Left out: policy.', words: countedBy },
    optional: 'not null',
  })
  group_by: CountedBy = 'policy'
}

/** How many violations one of a group has. */
export interface ViolationCount {
  value: string
  count: string
  blocked: string
  upheld: string
  falsePositives: string
  lastAt: Date
}

const Count = (description: string) => ApiProperty({ type: 'integer', description })

export class ViolationCountResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The policy, provider, workload, …, as `group_by` says; null: none.',
  })
  value: string | null

  @Count('All of them.')
  violations: number

  @Count('Those that were refused for it.')
  blocked: number

  @Count('Those that were upheld in a review.')
  upheld: number

  @Count('Those that were none, as a review says.')
  false_positives: number

  @ApiProperty({ description: 'When the last one was found.', format: 'date-time' })
  last_found_at: string
}

export function toCountResponse(row: ViolationCount): ViolationCountResponse {
  return {
    value: row.value === '' ? null : row.value,
    violations: Number(row.count),
    blocked: Number(row.blocked),
    upheld: Number(row.upheld),
    false_positives: Number(row.falsePositives),
    last_found_at: row.lastAt.toISOString(),
  }
}
