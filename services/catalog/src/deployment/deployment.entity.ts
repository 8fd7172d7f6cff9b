import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'

export const strategies = ['weighted_round_robin', 'least_latency', 'least_in_flight', 'least_cost'] as const

export type Strategy = (typeof strategies)[number]

/** For which failures a fallback is there. */
export const fallbackCauses = ['any', 'context_window_exceeded', 'content_filter'] as const

export interface Target {
  /** Model id. */
  model: string
  weight: number
  priority: number
}

/** One of the two ids is set. */
export interface Fallback {
  model?: string
  deployment?: string
  on: (typeof fallbackCauses)[number]
}

export interface Rule {
  when: string
  targets: Target[]
}

export interface Health {
  consecutiveFailures: number
  ejectForMs: number
  /** Null: targets are not checked but by requests. */
  checkIntervalMs: number | null
}

/** An alias over the models of a workspace. */
@Entity('deployment')
export class Deployment {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  /** Workspace id. */
  @Column('text')
  workspace: string

  @Column('text')
  name: string

  @Column('text')
  strategy: Strategy

  @Column('jsonb')
  targets: Target[]

  @Column('jsonb')
  fallbacks: Fallback[]

  @Column('jsonb')
  rules: Rule[]

  /** Ids of all models and deployments that it names: none of them is deleted while it does. */
  @Column('text', { array: true })
  uses: string[]

  @Column('jsonb')
  retries: { max: number; budgetRatio: number }

  @Column('integer', { name: 'timeout_ms', nullable: true })
  timeoutMs: number | null

  @Column('integer', { name: 'hedge_after_ms', nullable: true })
  hedgeAfterMs: number | null

  @Column('jsonb', { nullable: true })
  sticky: { by: 'header' | 'user'; header: string | null } | null

  @Column('jsonb', { nullable: true })
  cache: { enabled: boolean; ttlS: number | null } | null

  @Column('boolean', { name: 'join_identical' })
  joinIdentical: boolean

  @Column('jsonb')
  plugins: { name: string; settings: object }[]

  @Column('jsonb')
  health: Health

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
