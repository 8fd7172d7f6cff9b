import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddRoutes1763764000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE ledger ADD deployment text COLLATE "C", ADD repository text COLLATE "C"`)
    // Few attempts have one; the others cost nothing here.
    await queryRunner.query(`
      CREATE INDEX ledger_repository ON ledger (organization, repository, started_at)
      WHERE repository IS NOT NULL`)
  }

  async down(): Promise<void> {
    throw new Error('What requests were sent to would be forgotten: restore a backup instead.')
  }
}
