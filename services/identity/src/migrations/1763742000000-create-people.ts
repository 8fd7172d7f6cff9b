import { protectTenantTables } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const times = `
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()`

const workspaceRole = `CHECK (role IN ('owner', 'admin', 'member', 'viewer'))`

/** Users, what they may do, and how they prove who they are. */
export class CreatePeople1763742000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE app_user (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL CONSTRAINT app_user_organization REFERENCES organization,
        email text NOT NULL CONSTRAINT app_user_email UNIQUE CHECK (email = lower(email)),
        name text NOT NULL,
        password_hash text,
        organization_roles text[] NOT NULL
          CHECK (organization_roles <@ ARRAY['owner', 'admin', 'billing', 'auditor']),
        disabled boolean NOT NULL DEFAULT false,
        ${times}
      )`)
    await queryRunner.query(`
      CREATE TABLE member (
        workspace text COLLATE "C" NOT NULL CONSTRAINT member_workspace REFERENCES workspace ON DELETE CASCADE,
        user_id text COLLATE "C" NOT NULL CONSTRAINT member_user REFERENCES app_user ON DELETE CASCADE,
        organization text COLLATE "C" NOT NULL,
        role text NOT NULL ${workspaceRole},
        ${times},
        PRIMARY KEY (workspace, user_id)
      )`)
    await queryRunner.query(`CREATE INDEX member_by_user ON member (user_id)`)
    await queryRunner.query(`
      CREATE TABLE invitation (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        workspace text COLLATE "C" NOT NULL CONSTRAINT invitation_workspace REFERENCES workspace ON DELETE CASCADE,
        email text NOT NULL,
        role text NOT NULL ${workspaceRole},
        hash bytea NOT NULL CONSTRAINT invitation_hash UNIQUE,
        invited_by text NOT NULL,
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`)
    await queryRunner.query(`CREATE INDEX invitation_by_workspace ON invitation (workspace, id)`)
    await queryRunner.query(`
      CREATE TABLE service_account (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL CONSTRAINT service_account_organization REFERENCES organization,
        name text NOT NULL,
        secret_hash bytea NOT NULL,
        organization_roles text[] NOT NULL
          CHECK (organization_roles <@ ARRAY['owner', 'admin', 'billing', 'auditor']),
        workspace_roles jsonb NOT NULL,
        disabled boolean NOT NULL DEFAULT false,
        ${times},
        CONSTRAINT service_account_name UNIQUE (organization, name)
      )`)
    await queryRunner.query(`
      CREATE TABLE session (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL,
        hash bytea NOT NULL CONSTRAINT session_hash UNIQUE CHECK (length(hash) = 32),
        user_id text COLLATE "C" REFERENCES app_user ON DELETE CASCADE,
        service_account text COLLATE "C" REFERENCES service_account ON DELETE CASCADE,
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CHECK (num_nonnulls(user_id, service_account) = 1)
      )`)
    await queryRunner.query(`CREATE INDEX session_by_user ON session (user_id)`)
    await queryRunner.query(`CREATE INDEX session_by_service_account ON session (service_account)`)
    await queryRunner.query(`CREATE INDEX session_by_end ON session (expires_at)`)
    // What a virtual key manages with; of the key's own workspace.
    await queryRunner.query(`
      CREATE TABLE management_grant (
        key text COLLATE "C" PRIMARY KEY REFERENCES virtual_key ON DELETE CASCADE,
        organization text COLLATE "C" NOT NULL,
        workspace text COLLATE "C" NOT NULL,
        role text NOT NULL ${workspaceRole},
        made_by text NOT NULL
      )`)
    // Until now only the master key, an owner, could make them.
    await queryRunner.query(`
      INSERT INTO management_grant (key, organization, workspace, role, made_by)
      SELECT id, organization, workspace, 'owner', 'master_key' FROM virtual_key WHERE type <> 'llm'`)
    // By the address that was tried, whether there is such a user or not: both must look alike.
    await queryRunner.query(`
      CREATE TABLE sign_in_attempt (
        email_hash bytea PRIMARY KEY,
        attempts integer NOT NULL,
        last_at timestamptz NOT NULL
      )`)
    await queryRunner.query(`
      CREATE TABLE setup_token (hash bytea PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now())`)
    await protectTenantTables(queryRunner, [
      { table: 'app_user' },
      { table: 'member', workspace: 'workspace' },
      { table: 'invitation', workspace: 'workspace' },
      { table: 'service_account' },
      { table: 'session' },
      { table: 'management_grant', workspace: 'workspace' },
    ])
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [
      ...['setup_token', 'sign_in_attempt', 'management_grant', 'session', 'service_account'],
      ...['invitation', 'member', 'app_user'],
    ])
      await queryRunner.query(`DROP TABLE ${table}`)
  }
}
