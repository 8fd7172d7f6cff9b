import type { MigrationInterface, QueryRunner } from 'typeorm'

/** A gateway's run ends when everything that it began is charged; so that is counted. */
export class EndRuns1763760000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE gateway_run ADD ended_at timestamptz`)
    // Not in gateway_run: whoever charges would wait for each gateway's exchange, and it for them.
    await queryRunner.query(
      `CREATE TABLE run_charge (gateway_run text COLLATE "C" PRIMARY KEY, attempts bigint NOT NULL)`,
    )
    await queryRunner.query(`CREATE INDEX lease_run ON lease (gateway_run)`)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX lease_run`)
    await queryRunner.query(`DROP TABLE run_charge`)
    await queryRunner.query(`ALTER TABLE gateway_run DROP ended_at`)
  }
}
