import type { MigrationInterface, QueryRunner } from 'typeorm'

export class ProviderTypes1763753000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE provider ADD api_version text, ADD region text`)
  }

  async down(): Promise<void> {
    throw new Error('Providers would lose how they are spoken to: restore a backup instead.')
  }
}
