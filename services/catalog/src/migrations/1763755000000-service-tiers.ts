import type { MigrationInterface, QueryRunner } from 'typeorm'

export class ServiceTiers1763755000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE price ADD COLUMN service_tiers jsonb`)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE price DROP COLUMN service_tiers`)
  }
}
