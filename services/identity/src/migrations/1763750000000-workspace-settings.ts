import type { MigrationInterface, QueryRunner } from 'typeorm'

/** What a workspace sets for itself. */
export class WorkspaceSettings1763750000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE workspace
        ADD response_cache boolean NOT NULL DEFAULT false,
        ADD response_cache_ttl_s integer NOT NULL DEFAULT 3600 CHECK (response_cache_ttl_s > 0),
        ADD content_logging boolean NOT NULL DEFAULT false,
        ADD retention_days integer CHECK (retention_days > 0)`)
  }

  async down(): Promise<void> {
    throw new Error('Settings of workspaces would be lost: restore a backup instead.')
  }
}
