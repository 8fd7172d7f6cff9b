import type { RateText } from '@weir/rating'
import { Column, Entity, PrimaryColumn } from 'typeorm'

/** A price that an event has named, as the catalog gave it; never changes. */
@Entity('price')
export class StoredPrice {
  @PrimaryColumn('text')
  id: string

  @Column('bigint', { name: 'effective_from_ms' })
  effectiveFromMs: string

  @Column('jsonb')
  rates: RateText[]

  @Column('jsonb', { name: 'service_tiers', nullable: true })
  serviceTiers: { serviceTier: string; rates: RateText[] }[] | null
}
