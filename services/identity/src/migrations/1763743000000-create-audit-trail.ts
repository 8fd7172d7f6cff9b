import { createPositionTable, protectTenantTables, recordChanges } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const text = 'text COLLATE "C" NOT NULL'

export class CreateAuditTrail1763743000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE audit_entry (
        organization ${text},
        sequence bigint NOT NULL,
        event_id uuid NOT NULL CONSTRAINT audit_entry_event UNIQUE,
        occurred_at timestamptz(3) NOT NULL,
        recorded_at timestamptz(3) NOT NULL,
        workspace ${text},
        service ${text},
        actor_kind ${text},
        actor_id ${text},
        actor_name ${text},
        credential ${text},
        address ${text},
        request_id ${text},
        resource ${text},
        resource_id ${text},
        action ${text},
        outcome ${text},
        status integer NOT NULL,
        error_code ${text},
        -- Texts and not jsonb: what was hashed must be what is stored, to the byte.
        before ${text},
        after ${text},
        unrecorded bigint NOT NULL,
        previous_hash bytea NOT NULL,
        hash bytea NOT NULL,
        PRIMARY KEY (organization, sequence)
      )`)
    for (const column of ['occurred_at', 'actor_id', 'resource_id']) {
      await queryRunner.query(
        `CREATE INDEX audit_entry_${column} ON audit_entry (organization, ${column}, sequence)`,
      )
    }
    await queryRunner.query(`
      CREATE TABLE audit_head (
        organization ${text} PRIMARY KEY,
        sequence bigint NOT NULL,
        hash bytea NOT NULL
      )`)
    await createPositionTable(queryRunner)
    await protectTenantTables(queryRunner, [{ table: 'audit_entry' }, { table: 'audit_head' }])
    await queryRunner.query(`REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry FROM weir_app`)
    await queryRunner.query(`REVOKE DELETE, TRUNCATE ON audit_head FROM weir_app`)
    await queryRunner.query(`
      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'The audit trail is append-only: % is refused.', TG_OP;
      END $$`)
    await queryRunner.query(`
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`)
    await recordChanges(queryRunner, {
      service: 'identity',
      tables: [
        { table: 'organization', organization: 'id' },
        { table: 'team' },
        { table: 'workspace', workspace: 'id' },
        { table: 'workload', workspace: 'workspace' },
        { table: 'virtual_key', workspace: 'workspace' },
      ],
    })
  }

  async down(): Promise<void> {
    throw new Error('The audit trail stays: restore a backup instead.')
  }
}
