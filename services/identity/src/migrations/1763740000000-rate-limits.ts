import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Limits of rates on every level that there is. */
export class RateLimits1763740000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['organization', 'workspace', 'workload']) {
      await queryRunner.query(`
        ALTER TABLE ${table}
          ADD COLUMN rpm_limit integer CHECK (rpm_limit > 0),
          ADD COLUMN tpm_limit integer CHECK (tpm_limit > 0)`)
    }
    for (const table of ['organization', 'team', 'workspace', 'workload', 'virtual_key']) {
      await queryRunner.query(`
        ALTER TABLE ${table}
          ADD COLUMN input_tpm_limit integer CHECK (input_tpm_limit > 0),
          ADD COLUMN output_tpm_limit integer CHECK (output_tpm_limit > 0),
          ADD COLUMN max_parallel_requests integer CHECK (max_parallel_requests > 0)`)
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['organization', 'workspace', 'workload'])
      await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN rpm_limit, DROP COLUMN tpm_limit`)
    for (const table of ['organization', 'team', 'workspace', 'workload', 'virtual_key']) {
      await queryRunner.query(`
        ALTER TABLE ${table}
          DROP COLUMN input_tpm_limit, DROP COLUMN output_tpm_limit, DROP COLUMN max_parallel_requests`)
    }
  }
}
