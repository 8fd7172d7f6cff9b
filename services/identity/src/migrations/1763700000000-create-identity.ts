import { createChangeLogTables, createOutboxTable } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Columns of what may be spent and sent; null: no limit. */
const limits = `
  max_budget_nano_usd bigint CHECK (max_budget_nano_usd >= 0),
  budget_duration text CHECK (budget_duration IN ('daily', 'weekly', 'monthly')),
  tpm_limit integer CHECK (tpm_limit > 0),
  rpm_limit integer CHECK (rpm_limit > 0)`

const times = `
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()`

export class CreateIdentity1763700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createChangeLogTables(queryRunner)
    await createOutboxTable(queryRunner)
    // Ids sort by their bytes, whatever the cluster's locale: a list's order must not change with it.
    await queryRunner.query(`
      CREATE TABLE organization (
        id text COLLATE "C" PRIMARY KEY,
        name text NOT NULL,
        ${times}
      )`)
    await queryRunner.query(`INSERT INTO organization (id, name) VALUES ('org_default', 'default')`)
    await queryRunner.query(`
      CREATE TABLE team (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL CONSTRAINT team_organization REFERENCES organization,
        parent text COLLATE "C" CONSTRAINT team_parent REFERENCES team,
        models text[],
        ${limits},
        ${times}
      )`)
    await queryRunner.query(`CREATE INDEX team_by_parent ON team (parent)`)
    await queryRunner.query(`
      CREATE TABLE workspace (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL CONSTRAINT workspace_organization REFERENCES organization,
        name text NOT NULL,
        environment text NOT NULL CHECK (environment IN ('development', 'staging', 'production')),
        description text,
        ${times},
        CONSTRAINT workspace_name UNIQUE (organization, name)
      )`)
    await queryRunner.query(`
      CREATE TABLE workload (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL CONSTRAINT workload_organization REFERENCES organization,
        workspace text COLLATE "C" NOT NULL CONSTRAINT workload_workspace REFERENCES workspace,
        name text NOT NULL,
        models text[] NOT NULL,
        ${times},
        -- Only there to be referred to: a key's workload must be of the key's workspace.
        CONSTRAINT workload_in_workspace UNIQUE (id, workspace)
      )`)
    await queryRunner.query(`CREATE INDEX workload_by_workspace ON workload (workspace)`)
    await queryRunner.query(`
      CREATE TABLE virtual_key (
        id text COLLATE "C" PRIMARY KEY,
        organization text COLLATE "C" NOT NULL CONSTRAINT virtual_key_organization REFERENCES organization,
        hash bytea NOT NULL CONSTRAINT virtual_key_hash UNIQUE CHECK (length(hash) = 32),
        hint text NOT NULL,
        name text NOT NULL,
        workspace text COLLATE "C" NOT NULL CONSTRAINT virtual_key_workspace REFERENCES workspace,
        workload text COLLATE "C",
        team text COLLATE "C" CONSTRAINT virtual_key_team REFERENCES team,
        type text NOT NULL CHECK (type IN ('llm', 'management', 'default')),
        models text[],
        endpoints text[],
        expires_at timestamptz,
        disabled boolean NOT NULL,
        ${limits},
        ${times},
        CONSTRAINT virtual_key_workload FOREIGN KEY (workload, workspace) REFERENCES workload (id, workspace)
      )`)
    await queryRunner.query(`CREATE INDEX virtual_key_by_workspace ON virtual_key (workspace, id)`)
    await queryRunner.query(`CREATE INDEX virtual_key_by_workload ON virtual_key (workload, id)`)
    await queryRunner.query(`CREATE INDEX virtual_key_by_team ON virtual_key (team, id)`)
  }

  async down(): Promise<void> {
    throw new Error('The first migration cannot be undone: restore a backup instead.')
  }
}
