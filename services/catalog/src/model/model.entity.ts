import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'

/** Where a model's prices come from; a free model has none. */
export type PriceSource = 'own' | 'public' | 'free'

/** A public name mapped to a provider's model. */
@Entity('model')
export class Model {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  name: string

  /** Provider id. */
  @Column('text')
  provider: string

  @Column('text', { name: 'provider_model' })
  providerModel: string

  @Column('text', { name: 'price_source' })
  priceSource: PriceSource

  /** Output tokens that it can make at most; null: not known. */
  @Column('integer', { name: 'max_output_tokens', nullable: true })
  maxOutputTokens: number | null

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
