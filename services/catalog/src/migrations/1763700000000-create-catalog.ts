import { createChangeLogTables, createOutboxTable } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const times = `
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()`

export class CreateCatalog1763700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createChangeLogTables(queryRunner)
    await createOutboxTable(queryRunner)
    // Ids sort by their bytes, whatever the cluster's locale: a list's order must not change with it.
    await queryRunner.query(`
      CREATE TABLE provider (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        name text NOT NULL,
        type text NOT NULL,
        base_url text,
        workspace text COLLATE "C",
        key_version integer,
        wrapped_key bytea,
        ciphertext bytea,
        ${times},
        CONSTRAINT provider_name UNIQUE (organization, name),
        CONSTRAINT provider_credential CHECK (num_nulls(key_version, wrapped_key, ciphertext) IN (0, 3))
      )`)
    await queryRunner.query(`CREATE INDEX provider_by_workspace ON provider (workspace)`)
    await queryRunner.query(`
      CREATE TABLE model (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        name text NOT NULL,
        provider text COLLATE "C" NOT NULL CONSTRAINT model_provider REFERENCES provider,
        provider_model text NOT NULL,
        price_source text NOT NULL CHECK (price_source IN ('own', 'public', 'free')),
        ${times},
        CONSTRAINT model_name UNIQUE (organization, name)
      )`)
    await queryRunner.query(`CREATE INDEX model_by_provider ON model (provider, id)`)
    // No foreign key: a price outlives its model, since usage that it has rated names it for ever.
    await queryRunner.query(`
      CREATE TABLE price (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        model text COLLATE "C" NOT NULL,
        position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        effective_from timestamptz NOT NULL,
        source text NOT NULL CHECK (source IN ('own', 'public')),
        rates jsonb NOT NULL,
        withdrawn_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      )`)
    await queryRunner.query(`CREATE INDEX price_by_model ON price (model, effective_from, position)`)
  }

  async down(): Promise<void> {
    throw new Error('The first migration cannot be undone: restore a backup instead.')
  }
}
