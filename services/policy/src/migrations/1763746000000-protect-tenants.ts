import { protectTenantTables, recordChanges } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class ProtectTenants1763746000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const belongsTo = { column: 'budget', table: 'budget' }
    // What a budget has spent counts whole, also for somebody who sees few workspaces.
    await protectTenantTables(queryRunner, [
      ...[{ table: 'budget' }, { table: 'charge' }],
      ...[
        { table: 'budget_period', belongsTo },
        { table: 'lease', belongsTo },
      ],
    ])
    await recordChanges(queryRunner, { service: 'policy', tables: [{ table: 'budget' }] })
  }

  async down(): Promise<void> {
    throw new Error('Organizations stay apart: restore a backup instead.')
  }
}
