import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Only what deletes old charges looks for them by their time alone; charges come in its order, so an index of ranges does. */
export class ThinChargeIndex1763761000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX charge_started`)
    await queryRunner.query(
      `CREATE INDEX charge_started ON charge USING brin (started_at) WITH (autosummarize)`,
    )
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX charge_started`)
    await queryRunner.query(`CREATE INDEX charge_started ON charge (started_at)`)
  }
}
