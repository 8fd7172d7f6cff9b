import { ApiProperty } from '@nestjs/swagger'
import { IntegerField } from '@weir/http'
import type { RateLimits } from './limits.entity.js'

/** The highest limit that there is. */
const maxPerMinute = 2_000_000_000
const maxParallel = 1_000_000

const descriptions = {
  rpm: 'Requests in any 60 seconds.',
  tpm: 'Tokens in any 60 seconds, input and output together.',
  inputTpm: 'Input tokens in any 60 seconds.',
  outputTpm: 'Output tokens in any 60 seconds.',
  parallel: 'Requests at the same time.',
}

/** Fields of what may be sent. */
export class RateLimitsDto {
  @IntegerField({ description: descriptions.rpm, optional: true, min: 1, max: maxPerMinute })
  rpm_limit?: number | null

  @IntegerField({ description: descriptions.tpm, optional: true, min: 1, max: maxPerMinute })
  tpm_limit?: number | null

  @IntegerField({ description: descriptions.inputTpm, optional: true, min: 1, max: maxPerMinute })
  input_tpm_limit?: number | null

  @IntegerField({ description: descriptions.outputTpm, optional: true, min: 1, max: maxPerMinute })
  output_tpm_limit?: number | null

  @IntegerField({ description: descriptions.parallel, optional: true, min: 1, max: maxParallel })
  max_parallel_requests?: number | null
}

/** What may be sent, as it is shown. */
export class RateLimitsResponse {
  @ApiProperty({ type: 'integer', nullable: true, description: descriptions.rpm })
  rpm_limit: number | null

  @ApiProperty({ type: 'integer', nullable: true, description: descriptions.tpm })
  tpm_limit: number | null

  @ApiProperty({ type: 'integer', nullable: true, description: descriptions.inputTpm })
  input_tpm_limit: number | null

  @ApiProperty({ type: 'integer', nullable: true, description: descriptions.outputTpm })
  output_tpm_limit: number | null

  @ApiProperty({ type: 'integer', nullable: true, description: descriptions.parallel })
  max_parallel_requests: number | null
}

/** The columns that a request sets; null removes a limit. */
export function toRateLimits(dto: RateLimitsDto): Partial<RateLimits> {
  const limits: Partial<RateLimits> = {}
  if (dto.rpm_limit !== undefined) limits.rpmLimit = dto.rpm_limit
  if (dto.tpm_limit !== undefined) limits.tpmLimit = dto.tpm_limit
  if (dto.input_tpm_limit !== undefined) limits.inputTpmLimit = dto.input_tpm_limit
  if (dto.output_tpm_limit !== undefined) limits.outputTpmLimit = dto.output_tpm_limit
  if (dto.max_parallel_requests !== undefined) limits.maxParallelRequests = dto.max_parallel_requests
  return limits
}

/** A resource with its rate limits as it is shown. */
export function toRateLimitsResponse(limits: RateLimits): RateLimitsResponse {
  return {
    rpm_limit: limits.rpmLimit,
    tpm_limit: limits.tpmLimit,
    input_tpm_limit: limits.inputTpmLimit,
    output_tpm_limit: limits.outputTpmLimit,
    max_parallel_requests: limits.maxParallelRequests,
  }
}
