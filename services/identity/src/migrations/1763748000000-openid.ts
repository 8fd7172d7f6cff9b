import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Users of an OpenID provider, and sign-ins there that are under way. */
export class Openid1763748000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Issuer and subject: the only names of a user that its provider gives to nobody else later.
    await queryRunner.query(`
      ALTER TABLE app_user ADD openid_identity text CONSTRAINT app_user_openid_identity UNIQUE`)
    await queryRunner.query(`
      CREATE TABLE openid_sign_in (
        state_hash bytea PRIMARY KEY,
        nonce text NOT NULL,
        code_verifier text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`)
    await queryRunner.query(`CREATE INDEX sign_in_attempt_by_time ON sign_in_attempt (last_at)`)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX sign_in_attempt_by_time`)
    await queryRunner.query(`DROP TABLE openid_sign_in`)
    await queryRunner.query(`ALTER TABLE app_user DROP COLUMN openid_identity`)
  }
}
