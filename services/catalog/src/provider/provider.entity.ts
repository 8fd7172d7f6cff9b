import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'
import type { ProviderType } from './provider-type.js'

/** A configured connection to an LLM vendor. */
@Entity('provider')
export class Provider {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  name: string

  @Column('text')
  type: ProviderType

  /** Null for a sandbox, which is inside the gateway. */
  @Column('text', { name: 'base_url', nullable: true })
  baseUrl: string | null

  /** Of azure_openai and anthropic. */
  @Column('text', { name: 'api_version', nullable: true })
  apiVersion: string | null

  /** AWS region, of bedrock. */
  @Column('text', { nullable: true })
  region: string | null

  /** Id of the only workspace that it serves; null: all. */
  @Column('text', { nullable: true })
  workspace: string | null

  /** The credential, sealed; all three columns are null without one. */
  @Column('integer', { name: 'key_version', nullable: true })
  keyVersion: number | null

  @Column('bytea', { name: 'wrapped_key', nullable: true })
  wrappedKey: Buffer | null

  @Column('bytea', { nullable: true })
  ciphertext: Buffer | null

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
