import { protectTenantTables, recordChanges } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateDeployments1763761000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE deployment (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        workspace text COLLATE "C" NOT NULL,
        name text NOT NULL,
        strategy text NOT NULL,
        targets jsonb NOT NULL,
        fallbacks jsonb NOT NULL,
        rules jsonb NOT NULL,
        uses text[] NOT NULL,
        retries jsonb NOT NULL,
        timeout_ms integer CHECK (timeout_ms > 0),
        hedge_after_ms integer CHECK (hedge_after_ms > 0),
        sticky jsonb,
        cache jsonb,
        join_identical boolean NOT NULL,
        plugins jsonb NOT NULL,
        health jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT deployment_name UNIQUE (workspace, name)
      )`)
    await queryRunner.query(`CREATE INDEX deployment_by_organization ON deployment (organization, id)`)
    await queryRunner.query(`CREATE INDEX deployment_by_use ON deployment USING gin (uses)`)
    const table = { table: 'deployment', workspace: 'workspace' }
    await protectTenantTables(queryRunner, [table])
    await recordChanges(queryRunner, { service: 'catalog', tables: [table] })
  }

  async down(): Promise<void> {
    throw new Error('Callers would lose the aliases that they write: restore a backup instead.')
  }
}
