import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  UpdateDateColumn,
  type ValueTransformer,
} from 'typeorm'
import type { Period } from './period.js'

/** What a budget can be of. */
export const budgetScopes = ['organization', 'team', 'workspace', 'workload', 'key'] as const
export type BudgetScope = (typeof budgetScopes)[number]

const asBigInt: ValueTransformer = {
  from: (value: string) => BigInt(value),
  to: (value: bigint | undefined) => value?.toString(),
}

/** Money that may be spent in each period by all that a scope covers. */
@Entity('budget')
export class Budget {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  scope: BudgetScope

  @Column('text', { name: 'scope_id' })
  scopeId: string

  /** `identity`: it is the `max_budget` of a team or key, and follows that. */
  @Column('text')
  source: 'budget' | 'identity'

  @Column('numeric', { name: 'amount_nano_usd', transformer: asBigInt })
  amountNanoUsd: bigint

  @Column('text')
  period: Period

  /** Name of the IANA database: where its days begin. */
  @Column('text', { name: 'time_zone' })
  timeZone: string

  /** Refuses what does not fit; a soft one only tells. */
  @Column('boolean')
  hard: boolean

  /** Percent at which an event is sent, once in each period. */
  @Column('integer', { array: true })
  thresholds: number[]

  /** A request whose bound does not fit may have its output limited to what does. */
  @Column('boolean', { name: 'lowers_output' })
  lowersOutput: boolean

  /** So little is left that nothing is leased ahead. */
  @Column('boolean', { default: false })
  exact: boolean

  @Column('timestamptz', { name: 'exact_since', default: () => 'now()' })
  exactSince: Date

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}

/** What a budget is made of. */
export type BudgetFields = Pick<
  Budget,
  'scope' | 'scopeId' | 'amountNanoUsd' | 'period' | 'timeZone' | 'hard' | 'thresholds' | 'lowersOutput'
>

/** What of a budget can be changed; its periods cannot, since what is held is held of one of them. */
export type BudgetChange = Partial<Pick<Budget, 'amountNanoUsd' | 'hard' | 'thresholds' | 'lowersOutput'>>
