import { recordChanges } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class RecordWhitelist1763746000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await recordChanges(queryRunner, {
      service: 'catalog',
      tables: [{ table: 'whitelist_entry', workspace: 'workspace' }],
    })
  }

  async down(): Promise<void> {
    throw new Error('What is changed stays on record: restore a backup instead.')
  }
}
