import { protectTenantTables } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateWhitelist1763742000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE whitelist_entry (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        workspace text COLLATE "C" NOT NULL,
        model text COLLATE "C" NOT NULL CONSTRAINT whitelist_entry_model REFERENCES model,
        available boolean NOT NULL,
        available_from timestamptz,
        available_until timestamptz,
        rpm_limit integer CHECK (rpm_limit > 0),
        tpm_limit integer CHECK (tpm_limit > 0),
        max_output_tokens integer CHECK (max_output_tokens > 0),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT whitelist_entry_once UNIQUE (workspace, model)
      )`)
    await queryRunner.query(`CREATE INDEX whitelist_entry_by_workspace ON whitelist_entry (workspace, id)`)
    await queryRunner.query(`CREATE INDEX whitelist_entry_by_model ON whitelist_entry (model)`)
    await protectTenantTables(queryRunner, [{ table: 'whitelist_entry', workspace: 'workspace' }])
  }

  async down(): Promise<void> {
    throw new Error('Every workspace could use every model again: restore a backup instead.')
  }
}
