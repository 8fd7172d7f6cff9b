import { protectTenantTables, recordChanges } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateModelVersions1763763000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE model_version (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        model text COLLATE "C" NOT NULL REFERENCES model ON DELETE CASCADE,
        version integer NOT NULL CHECK (version > 0),
        provider_model text NOT NULL,
        parameters jsonb NOT NULL,
        price_source text CHECK (price_source IN ('own', 'public')),
        weight integer NOT NULL CHECK (weight BETWEEN 0 AND 100),
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT model_version_once UNIQUE (model, version)
      )`)
    await queryRunner.query(`
      CREATE TABLE version_change (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        model text COLLATE "C" NOT NULL REFERENCES model ON DELETE CASCADE,
        action text NOT NULL CHECK (action IN ('promoted', 'canary', 'rolled_back')),
        before jsonb NOT NULL,
        after jsonb NOT NULL,
        undone boolean NOT NULL,
        actor text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`)
    await queryRunner.query(`CREATE INDEX version_change_by_model ON version_change (model, id)`)
    const tables = [{ table: 'model_version' }, { table: 'version_change' }]
    await protectTenantTables(queryRunner, tables)
    await recordChanges(queryRunner, { service: 'catalog', tables })
  }

  async down(): Promise<void> {
    throw new Error('Models would point to something else: restore a backup instead.')
  }
}
