import { ApiProperty } from '@nestjs/swagger'
import { DollarsField, formatDollars, IntegerField, WordField } from '@weir/http'
import { parseUsd } from '@weir/rating'
import type { Limits } from './limits.entity.js'

const maxPerMinute = 2_000_000_000

/** Fields of what may be spent and sent. */
export class LimitsDto {
  @DollarsField({
    description: 'Dollars that may be spent in each `budget_duration`.',
    optional: true,
    example: '100',
  })
  max_budget?: string | null

  @WordField({
    description: 'How often the budget starts anew; none: it never does.',
    optional: true,
    words: ['daily', 'weekly', 'monthly'],
  })
  budget_duration?: string | null

  @IntegerField({ description: 'Tokens per minute.', optional: true, min: 1, max: maxPerMinute })
  tpm_limit?: number | null

  @IntegerField({ description: 'Requests per minute.', optional: true, min: 1, max: maxPerMinute })
  rpm_limit?: number | null
}

/** What may be spent and sent, as it is shown. */
export class LimitsResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Dollars that may be spent in each `budget_duration`.',
    example: '100',
  })
  max_budget: string | null

  @ApiProperty({ type: String, nullable: true, description: 'daily, weekly or monthly.', example: 'monthly' })
  budget_duration: string | null

  @ApiProperty({ type: 'integer', nullable: true, description: 'Tokens per minute.' })
  tpm_limit: number | null

  @ApiProperty({ type: 'integer', nullable: true, description: 'Requests per minute.' })
  rpm_limit: number | null
}

/** The columns that a request sets; null removes a limit. */
export function toLimits(dto: LimitsDto): Partial<Limits> {
  const limits: Partial<Limits> = {}
  if (dto.max_budget !== undefined)
    limits.maxBudgetNanoUsd = dto.max_budget === null ? null : parseUsd(dto.max_budget)
  if (dto.budget_duration !== undefined) limits.budgetDuration = dto.budget_duration
  if (dto.tpm_limit !== undefined) limits.tpmLimit = dto.tpm_limit
  if (dto.rpm_limit !== undefined) limits.rpmLimit = dto.rpm_limit
  return limits
}

export function toLimitsResponse(limits: Limits): LimitsResponse {
  return {
    max_budget: limits.maxBudgetNanoUsd === null ? null : formatDollars(limits.maxBudgetNanoUsd),
    budget_duration: limits.budgetDuration,
    tpm_limit: limits.tpmLimit,
    rpm_limit: limits.rpmLimit,
  }
}
