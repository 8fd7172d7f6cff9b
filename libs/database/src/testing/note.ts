import type { Message } from '@weir/contracts'
import { createTestDatabase, type TestDatabase } from '@weir/testing'
import {
  Column,
  type DataSource,
  Entity,
  type MigrationInterface,
  PrimaryColumn,
  type QueryRunner,
} from 'typeorm'
import pg from 'pg'
import type { VersionedChange } from '../change-log.js'
import { openDataSource } from '../data-source.js'
import { createChangeLogTables, createOutboxTable } from '../tables.js'

/** The smallest resource. */
@Entity('note')
export class Note {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  text: string
}

export class CreateNotes1700000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createChangeLogTables(queryRunner)
    await createOutboxTable(queryRunner)
    await queryRunner.query(`CREATE TABLE note (id text COLLATE "C" PRIMARY KEY, text text NOT NULL)`)
  }

  async down(): Promise<void> {
    throw new Error('Not undone.')
  }
}

export const noteOptions = (url: string) => ({
  url,
  schema: 'notes',
  entities: [Note],
  migrations: [CreateNotes1700000000000],
})

/** A database of notes of a test's own. */
export async function openNotes(): Promise<{
  database: TestDatabase
  dataSource: DataSource
  /** As the tables' owner, which may do what a service may not. */
  owner: pg.Pool
  close: () => Promise<void>
}> {
  const database = await createTestDatabase()
  const dataSource = await openDataSource(noteOptions(database.url))
  const owner = new pg.Pool({ connectionString: database.url, options: '-c search_path=notes', max: 2 })
  return {
    database,
    dataSource,
    owner,
    close: async () => {
      await dataSource.destroy()
      await owner.end()
      await database.drop()
    },
  }
}

export const toMessage = ({ id, action, version }: VersionedChange): { topic: string; message: Message } => ({
  topic: 'notes',
  message: { key: id, value: `${version} ${action}`, headers: { ce_id: version } },
})

export const changeOf = (id: string, action: 'created' | 'updated' | 'deleted') => ({
  ...{ organization: 'org_default', kind: 'note', id, action },
})
