import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'
import { Limits } from '../limit/limits.entity.js'

/** A business unit, the cost center that pays. Its name is its id. */
@Entity('team')
export class Team extends Limits {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text', { nullable: true })
  parent: string | null

  /** Null, or `*`: every model. */
  @Column('text', { array: true, nullable: true })
  models: string[] | null

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
