import { protectTenantTables, recordChanges } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreatePolicies1763900000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE policy (
        id text COLLATE "C" PRIMARY KEY,
        organization text NOT NULL,
        name text NOT NULL,
        text text NOT NULL,
        workspace text COLLATE "C",
        repository text COLLATE "C",
        deployments text[] NOT NULL,
        workloads text[] NOT NULL,
        models text[] NOT NULL,
        risk text NOT NULL CHECK (risk IN ('low', 'medium', 'high')),
        detectors jsonb,
        plan jsonb NOT NULL,
        action text NOT NULL CHECK (action IN ('log', 'alert', 'mask', 'block')),
        mode text NOT NULL CHECK (mode IN ('off', 'shadow', 'enforce')),
        applies_to text NOT NULL CHECK (applies_to IN ('input', 'output', 'both')),
        message text,
        owner text,
        on_failure text CHECK (on_failure IN ('open', 'closed')),
        version integer NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      )`)
    await queryRunner.query(`CREATE UNIQUE INDEX policy_name ON policy (organization, name)`)
    await queryRunner.query(`
      CREATE TABLE policy_version (
        policy text COLLATE "C" REFERENCES policy ON DELETE CASCADE,
        version integer,
        content jsonb NOT NULL,
        changed_by text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (policy, version)
      )`)
    // Outlives its policy: what was violated stays on record.
    await queryRunner.query(`
      CREATE TABLE violation (
        id text COLLATE "C" PRIMARY KEY,
        organization text NOT NULL,
        policy text COLLATE "C" NOT NULL,
        policy_name text NOT NULL,
        policy_version integer NOT NULL,
        mode text NOT NULL,
        action text NOT NULL,
        risk text NOT NULL,
        direction text NOT NULL,
        request_id text NOT NULL,
        workspace text NOT NULL,
        workload text NOT NULL,
        team text NOT NULL,
        virtual_key text NOT NULL,
        model text NOT NULL,
        provider text NOT NULL,
        deployment text NOT NULL,
        repository text NOT NULL,
        detectors text[] NOT NULL,
        finding_count integer NOT NULL,
        findings jsonb NOT NULL,
        found_at timestamptz(3) NOT NULL,
        review text CHECK (review IN ('upheld', 'false_positive')),
        review_note text,
        reviewed_by text,
        reviewed_at timestamptz(3)
      )`)
    await queryRunner.query(`CREATE INDEX violation_time ON violation (organization, found_at, id)`)
    await queryRunner.query(`CREATE INDEX violation_policy ON violation (organization, policy, found_at)`)
    await queryRunner.query(`CREATE INDEX violation_request ON violation (organization, request_id)`)
    await protectTenantTables(queryRunner, [
      { table: 'policy', workspace: 'workspace' },
      { table: 'policy_version', belongsTo: { column: 'policy', table: 'policy' } },
      { table: 'violation', workspace: 'workspace' },
    ])
    const tables = [{ table: 'policy', workspace: 'workspace' }]
    await recordChanges(queryRunner, { service: 'policy', tables })
    // What people do with a violation, and not that it was found.
    await queryRunner.query(`
      CREATE TRIGGER record_change AFTER UPDATE ON violation
      FOR EACH ROW EXECUTE FUNCTION record_change('policy', 'violation', 'id', 'organization', 'workspace')`)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE violation, policy_version, policy`)
  }
}
