import type { WorkspaceRole } from '@weir/http'
import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'

/** A user in a workspace. */
@Entity('member')
export class Member {
  @PrimaryColumn('text')
  workspace: string

  @PrimaryColumn('text', { name: 'user_id' })
  userId: string

  @Column('text')
  organization: string

  @Column('text')
  role: WorkspaceRole

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
