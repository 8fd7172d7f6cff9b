import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'
import { RateLimits } from '../limit/limits.entity.js'

/** An isolation boundary for keys, workloads, models. */
@Entity('workspace')
export class Workspace extends RateLimits {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  name: string

  @Column('text')
  environment: string

  @Column('text', { nullable: true })
  description: string | null

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
