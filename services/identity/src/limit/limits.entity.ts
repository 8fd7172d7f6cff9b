import { Column, type ValueTransformer } from 'typeorm'

/** PostgreSQL's bigint comes as text, since it may not fit a number. */
const asBigInt: ValueTransformer = {
  from: (value: string | null) => (value === null ? null : BigInt(value)),
  to: (value: bigint | null | undefined) => value?.toString() ?? value,
}

/** What may be spent and sent; null: no limit. */
export class Limits {
  @Column('bigint', { name: 'max_budget_nano_usd', nullable: true, transformer: asBigInt })
  maxBudgetNanoUsd: bigint | null

  @Column('text', { name: 'budget_duration', nullable: true })
  budgetDuration: string | null

  @Column('integer', { name: 'tpm_limit', nullable: true })
  tpmLimit: number | null

  @Column('integer', { name: 'rpm_limit', nullable: true })
  rpmLimit: number | null
}
