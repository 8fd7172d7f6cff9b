import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'

/** One OpenAI-compatible endpoint over several providers. */
@Entity('repository')
export class Repository {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  /** Workspace id. */
  @Column('text')
  workspace: string

  @Column('text')
  name: string

  /** Provider ids: none of them is deleted while it is here. */
  @Column('text', { array: true })
  providers: string[]

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
