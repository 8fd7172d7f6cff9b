import { protectTenantTables } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Workspaces that can be restored, with all that was in them. */
export class DeletedWorkspaces1763749000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Out of the tables that everything else reads: nothing can forget that they are deleted.
    await queryRunner.query(`
      CREATE TABLE deleted_workspace (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        content jsonb NOT NULL,
        deleted_at timestamptz NOT NULL DEFAULT now()
      )`)
    await queryRunner.query(`CREATE INDEX deleted_workspace_by_time ON deleted_workspace (deleted_at)`)
    await protectTenantTables(queryRunner, [{ table: 'deleted_workspace' }])
  }

  async down(): Promise<void> {
    throw new Error('Deleted workspaces could not be restored any more: restore a backup instead.')
  }
}
