import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm'

export const versionActions = ['promoted', 'canary', 'rolled_back'] as const

/** Percent of the requests by version; those without any are left out. */
export interface Share {
  version: number
  weight: number
}

/** That the requests of a model were shared out anew. */
@Entity('version_change')
export class VersionChange {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  /** Model id. */
  @Column('text')
  model: string

  @Column('text')
  action: (typeof versionActions)[number]

  @Column('jsonb')
  before: Share[]

  @Column('jsonb')
  after: Share[]

  /** A roll-back went behind it. */
  @Column('boolean')
  undone: boolean

  /** Id of whoever did it. */
  @Column('text')
  actor: string

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date
}
