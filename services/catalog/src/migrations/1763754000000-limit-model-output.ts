import type { MigrationInterface, QueryRunner } from 'typeorm'

/** What a model can make at most bounds what a request may cost that does not say. */
export class LimitModelOutput1763754000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE model ADD max_output_tokens integer CHECK (max_output_tokens > 0)`)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE model DROP max_output_tokens`)
  }
}
