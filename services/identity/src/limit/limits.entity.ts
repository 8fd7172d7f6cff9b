import { Column, type ValueTransformer } from 'typeorm'

/** PostgreSQL's bigint comes as text, since it may not fit a number. */
const asBigInt: ValueTransformer = {
  from: (value: string | null) => (value === null ? null : BigInt(value)),
  to: (value: bigint | null | undefined) => value?.toString() ?? value,
}

/** What may be sent in any 60 seconds, and at the same time; null: no limit. */
export class RateLimits {
  @Column('integer', { name: 'rpm_limit', nullable: true })
  rpmLimit: number | null

  /** Input and output together. */
  @Column('integer', { name: 'tpm_limit', nullable: true })
  tpmLimit: number | null

  @Column('integer', { name: 'input_tpm_limit', nullable: true })
  inputTpmLimit: number | null

  @Column('integer', { name: 'output_tpm_limit', nullable: true })
  outputTpmLimit: number | null

  @Column('integer', { name: 'max_parallel_requests', nullable: true })
  maxParallelRequests: number | null
}

/** What may be spent and sent; null: no limit. */
export class Limits extends RateLimits {
  @Column('bigint', { name: 'max_budget_nano_usd', nullable: true, transformer: asBigInt })
  maxBudgetNanoUsd: bigint | null

  @Column('text', { name: 'budget_duration', nullable: true })
  budgetDuration: string | null
}
