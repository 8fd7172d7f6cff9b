import { protectTenantTables } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** How long workspaces keep their requests, as identity has told it. */
export class CreateRetention1763752000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE retention (
        workspace text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        days integer NOT NULL CHECK (days > 0)
      )`)
    await protectTenantTables(queryRunner, [{ table: 'retention', workspace: 'workspace' }])
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE retention`)
  }
}
