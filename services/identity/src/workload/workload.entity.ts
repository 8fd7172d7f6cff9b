import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'
import { RateLimits } from '../limit/limits.entity.js'

/** What consumes AI: the unit of attribution. */
@Entity('workload')
export class Workload extends RateLimits {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  workspace: string

  @Column('text')
  name: string

  /** `*`: every model. */
  @Column('text', { array: true })
  models: string[]

  /** The last use of one of its virtual keys; told by the gateways every few seconds. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt: Date | null

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
