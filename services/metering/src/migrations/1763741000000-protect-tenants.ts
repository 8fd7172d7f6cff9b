import { grantExistingTables, protectTenantTables } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class ProtectTenants1763741000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await grantExistingTables(queryRunner)
    await protectTenantTables(queryRunner, [
      { table: 'ledger', workspace: 'workspace' },
      { table: 'usage_hourly', workspace: 'workspace' },
    ])
  }

  async down(): Promise<void> {
    throw new Error('Organizations stay apart: restore a backup instead.')
  }
}
