import type { MigrationInterface, QueryRunner } from 'typeorm'

export class KeyRights1763744000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE virtual_key
        ADD deployments text[],
        ADD repositories text[],
        ADD source_networks text[],
        ADD previous_hash bytea CHECK (length(previous_hash) = 32),
        ADD previous_until timestamptz,
        ADD last_used_at timestamptz,
        ADD CONSTRAINT virtual_key_previous CHECK (num_nulls(previous_hash, previous_until) IN (0, 2))`)
    // Few keys are between two values.
    await queryRunner.query(`
      CREATE UNIQUE INDEX virtual_key_previous_hash ON virtual_key (previous_hash)
      WHERE previous_hash IS NOT NULL`)
    await queryRunner.query(`ALTER TABLE workload ADD last_used_at timestamptz`)
  }

  async down(): Promise<void> {
    throw new Error('Limits of keys would be lost: restore a backup instead.')
  }
}
