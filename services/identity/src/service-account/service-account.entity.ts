import type { OrganizationRole, WorkspaceRole } from '@weir/http'
import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'

/** A program that manages, as an OAuth 2.0 client. */
@Entity('service_account')
export class ServiceAccount {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  name: string

  /** SHA-256 of the secret, which has 256 random bits. */
  @Column('bytea', { name: 'secret_hash', select: false })
  secretHash: Buffer

  @Column('text', { name: 'organization_roles', array: true })
  organizationRoles: OrganizationRole[]

  /** By workspace id. */
  @Column('jsonb', { name: 'workspace_roles' })
  workspaceRoles: Record<string, WorkspaceRole>

  @Column('boolean')
  disabled: boolean

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
