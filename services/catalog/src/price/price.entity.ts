import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm'

/** The rate of one unit, as weir.catalog.v1.Rate: 64-bit numbers are decimal text. */
export interface RateText {
  unit: string
  nanoUsdPerMillion: string
  aboveInputTokens: string
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

  /** Set when it was replaced before it came into force: it never does. */
  @Column('timestamptz', { name: 'withdrawn_at', nullable: true })
  withdrawnAt: Date | null

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date
}
