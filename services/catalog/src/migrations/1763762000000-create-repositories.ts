import { protectTenantTables, recordChanges } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateRepositories1763762000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE repository (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        workspace text COLLATE "C" NOT NULL,
        name text NOT NULL,
        providers text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT repository_name UNIQUE (organization, name)
      )`)
    await queryRunner.query(`CREATE INDEX repository_by_workspace ON repository (workspace, id)`)
    await queryRunner.query(`CREATE INDEX repository_by_provider ON repository USING gin (providers)`)
    const table = { table: 'repository', workspace: 'workspace' }
    await protectTenantTables(queryRunner, [table])
    await recordChanges(queryRunner, { service: 'catalog', tables: [table] })
  }

  async down(): Promise<void> {
    throw new Error('Callers would lose the paths that they call: restore a backup instead.')
  }
}
