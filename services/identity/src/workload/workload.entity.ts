import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'

/** What consumes AI: the unit of attribution. */
@Entity('workload')
export class Workload {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  workspace: string

  @Column('text')
  name: string

  /** `*`: every model. */
  @Column('text', { array: true })
  models: string[]

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
