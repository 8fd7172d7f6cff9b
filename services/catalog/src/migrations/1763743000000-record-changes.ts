import { recordChanges } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class RecordChanges1763743000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await recordChanges(queryRunner, {
      service: 'catalog',
      tables: [{ table: 'provider', workspace: 'workspace' }, { table: 'model' }, { table: 'price' }],
    })
  }

  async down(): Promise<void> {
    throw new Error('What is changed stays on record: restore a backup instead.')
  }
}
