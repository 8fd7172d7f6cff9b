import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'
import { RateLimits } from '../limit/limits.entity.js'

/** The tenant; everything belongs to one. */
@Entity('organization')
export class Organization extends RateLimits {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  name: string

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
