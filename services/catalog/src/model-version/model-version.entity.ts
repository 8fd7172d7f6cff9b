import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm'

/** What a model's public name can point to. Written once; only its share changes. */
@Entity('model_version')
export class ModelVersion {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  /** Model id. */
  @Column('text')
  model: string

  /** Counted from 1 in the model. */
  @Column('integer')
  version: number

  @Column('text', { name: 'provider_model' })
  providerModel: string

  /** Request fields that are set when the caller leaves them out. */
  @Column('jsonb')
  parameters: object

  /** Null: the prices of the model hold; else its own ones stand under its id. */
  @Column('text', { name: 'price_source', nullable: true })
  priceSource: 'own' | 'public' | null

  /** Percent of the requests. */
  @Column('integer')
  weight: number

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date
}
