import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'

/** The tenant; everything belongs to one. */
@Entity('organization')
export class Organization {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  name: string

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}
