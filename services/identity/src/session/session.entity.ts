import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm'

/** That somebody has signed in, or an OAuth client has its access token. The value itself is nowhere. */
@Entity('session')
export class Session {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  /** SHA-256 of the value, which has 256 random bits. */
  @Column('bytea', { select: false })
  hash: Buffer

  @Column('text', { name: 'user_id', nullable: true })
  userId: string | null

  @Column('text', { name: 'service_account', nullable: true })
  serviceAccount: string | null

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date
}
