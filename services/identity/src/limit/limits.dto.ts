import { ApiProperty } from '@nestjs/swagger'
import { DollarsField, formatDollars, WordField } from '@weir/http'
import { parseUsd } from '@weir/rating'
import type { Limits } from './limits.entity.js'
import { RateLimitsDto, RateLimitsResponse, toRateLimits, toRateLimitsResponse } from './rate-limits.dto.js'

/** Fields of what may be spent and sent. */
export class LimitsDto extends RateLimitsDto {
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
}

/** What may be spent and sent, as it is shown. */
export class LimitsResponse extends RateLimitsResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Dollars that may be spent in each `budget_duration`.',
    example: '100',
  })
  max_budget: string | null

  @ApiProperty({ type: String, nullable: true, description: 'daily, weekly or monthly.', example: 'monthly' })
  budget_duration: string | null
}

/** The columns that a request sets; null removes a limit. */
export function toLimits(dto: LimitsDto): Partial<Limits> {
  const limits: Partial<Limits> = toRateLimits(dto)
  if (dto.max_budget !== undefined)
    limits.maxBudgetNanoUsd = dto.max_budget === null ? null : parseUsd(dto.max_budget)
  if (dto.budget_duration !== undefined) limits.budgetDuration = dto.budget_duration
  return limits
}

export function toLimitsResponse(limits: Limits): LimitsResponse {
  return {
    max_budget: limits.maxBudgetNanoUsd === null ? null : formatDollars(limits.maxBudgetNanoUsd),
    budget_duration: limits.budgetDuration,
    ...toRateLimitsResponse(limits),
  }
}
