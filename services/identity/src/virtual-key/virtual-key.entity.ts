import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'
import { Limits } from '../limit/limits.entity.js'

/** What an application authenticates with. The value itself is nowhere. */
@Entity('virtual_key')
export class VirtualKey extends Limits {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('bytea')
  hash: Buffer

  /** `vk_…` and the last four letters of the value, which belong to its checksum. */
  @Column('text')
  hint: string

  @Column('text')
  name: string

  @Column('text')
  workspace: string

  @Column('text', { nullable: true })
  workload: string | null

  @Column('text', { nullable: true })
  team: string | null

  /** User whose personal key it is; null: a service key, which outlives its maker. */
  @Column('text', { nullable: true })
  owner: string | null

  @Column('text')
  type: string

  /** Null, or `*`: every model. */
  @Column('text', { array: true, nullable: true })
  models: string[] | null

  /** Null: every endpoint. */
  @Column('text', { array: true, nullable: true })
  endpoints: string[] | null

  /** Null: every deployment. */
  @Column('text', { array: true, nullable: true })
  deployments: string[] | null

  /** Null: every repository. */
  @Column('text', { array: true, nullable: true })
  repositories: string[] | null

  /** Networks that it may be used from; null: anywhere. */
  @Column('text', { name: 'source_networks', array: true, nullable: true })
  sourceNetworks: string[] | null

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null

  /** Hash of the value before the last rotation, while that had a grace. */
  @Column('bytea', { name: 'previous_hash', nullable: true })
  previousHash: Buffer | null

  @Column('timestamptz', { name: 'previous_until', nullable: true })
  previousUntil: Date | null

  /** Told by the gateways every few seconds; no change that anybody watches. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt: Date | null

  @Column('boolean')
  disabled: boolean

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
