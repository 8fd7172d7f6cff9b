import type { OrganizationRole } from '@weir/http'
import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'

/** A person. */
@Entity('app_user')
export class User {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  /** In lower case. */
  @Column('text')
  email: string

  @Column('text')
  name: string

  /** Null: signs in through another provider only. */
  @Column('text', { name: 'password_hash', nullable: true, select: false })
  passwordHash: string | null

  /** Issuer and subject of the OpenID provider; null: never signed in through one. */
  @Column('text', { name: 'openid_identity', nullable: true })
  openidIdentity: string | null

  @Column('text', { name: 'organization_roles', array: true })
  organizationRoles: OrganizationRole[]

  @Column('boolean')
  disabled: boolean

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
