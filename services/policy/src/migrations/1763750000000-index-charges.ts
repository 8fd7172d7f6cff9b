import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Old charges are deleted, whosever they are. */
export class IndexCharges1763750000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX charge_started ON charge (started_at)`)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX charge_started`)
  }
}
