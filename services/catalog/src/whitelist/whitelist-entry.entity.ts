import { namedUsers } from '@weir/http'
import {
  Column,
  CreateDateColumn,
  Entity,
  type EntityManager,
  PrimaryColumn,
  UpdateDateColumn,
} from 'typeorm'

/** A model that a workspace may use, on the workspace's own terms. */
@Entity('whitelist_entry')
export class WhitelistEntry {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  /** Workspace id. */
  @Column('text')
  workspace: string

  /** Model id. */
  @Column('text')
  model: string

  @Column('boolean')
  available: boolean

  @Column('timestamptz', { name: 'available_from', nullable: true })
  availableFrom: Date | null

  @Column('timestamptz', { name: 'available_until', nullable: true })
  availableUntil: Date | null

  @Column('integer', { name: 'rpm_limit', nullable: true })
  rpmLimit: number | null

  @Column('integer', { name: 'tpm_limit', nullable: true })
  tpmLimit: number | null

  @Column('integer', { name: 'max_output_tokens', nullable: true })
  maxOutputTokens: number | null

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}

/** What a model cannot be deleted for, for people: whitelist of `ws_…`. */
export async function findWhitelists(manager: EntityManager, model: string): Promise<string[]> {
  const entries = await manager.find(WhitelistEntry, {
    where: { model },
    order: { id: 'ASC' },
    take: namedUsers + 1,
  })
  return entries.map(({ workspace }) => `whitelist of workspace \`${workspace}\``)
}
