import type { RateText } from '@weir/rating'
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm'

export type { RateText } from '@weir/rating'

/** The rates of a level of service, as weir.catalog.v1.ServiceTierRates. */
export interface ServiceTierText {
  serviceTier: string
  rates: RateText[]
}

/** What a model's units cost from a moment on. Written once; a new price is a new row. */
@Entity('price')
export class Price {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  /** Id of the model, which may be gone by now. */
  @Column('text')
  model: string

  /** Orders prices that start together. */
  @Column({ type: 'bigint', insert: false, update: false })
  position: string

  @Column('timestamptz', { name: 'effective_from' })
  effectiveFrom: Date

  /** own or public. */
  @Column('text')
  source: string

  @Column('jsonb')
  rates: RateText[]

  /** Null: none. */
  @Column('jsonb', { name: 'service_tiers', nullable: true })
  serviceTiers: ServiceTierText[] | null

  /** Set when it was replaced before it came into force: it never does. */
  @Column('timestamptz', { name: 'withdrawn_at', nullable: true })
  withdrawnAt: Date | null

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date
}
