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

  /** Replies may be taken from the response cache. */
  @Column('boolean', { name: 'response_cache' })
  responseCache: boolean

  @Column('integer', { name: 'response_cache_ttl_s' })
  responseCacheTtlS: number

  /** Contents of requests may be recorded. */
  @Column('boolean', { name: 'content_logging' })
  contentLogging: boolean

  /** For how long the request log keeps requests; null: for ever. */
  @Column('integer', { name: 'retention_days', nullable: true })
  retentionDays: number | null

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
