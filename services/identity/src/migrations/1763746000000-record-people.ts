import { recordChanges } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class RecordPeople1763746000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await recordChanges(queryRunner, {
      service: 'identity',
      tables: [
        { table: 'app_user', kind: 'user' },
        { table: 'member', id: 'user_id', workspace: 'workspace' },
        { table: 'invitation', workspace: 'workspace' },
        { table: 'service_account' },
        { table: 'session' },
        { table: 'management_grant', id: 'key', workspace: 'workspace' },
      ],
    })
  }

  async down(): Promise<void> {
    throw new Error('What is changed stays on record: restore a backup instead.')
  }
}
