import type { WorkspaceRole } from '@weir/http'
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm'

/** That somebody may become a member of a workspace. The value of its link is nowhere. */
@Entity('invitation')
export class Invitation {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  workspace: string

  /** In lower case. */
  @Column('text')
  email: string

  @Column('text')
  role: WorkspaceRole

  /** SHA-256 of the value in the link. */
  @Column('bytea', { select: false })
  hash: Buffer

  /** Id of the user or credential that has invited. */
  @Column('text', { name: 'invited_by' })
  invitedBy: string

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date
}
