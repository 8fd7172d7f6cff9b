import type { MigrationInterface, QueryRunner } from 'typeorm'

export class PersonalKeys1763747000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE virtual_key ADD owner text COLLATE "C"`)
    // No cascade: gateways would not hear of keys that are gone. Whoever ends a membership ends its keys first.
    await queryRunner.query(`
      ALTER TABLE virtual_key ADD CONSTRAINT virtual_key_owner
      FOREIGN KEY (workspace, owner) REFERENCES member (workspace, user_id)`)
    await queryRunner.query(
      `CREATE INDEX virtual_key_by_owner ON virtual_key (owner) WHERE owner IS NOT NULL`,
    )
  }

  async down(): Promise<void> {
    throw new Error('Personal keys would outlive memberships: restore a backup instead.')
  }
}
