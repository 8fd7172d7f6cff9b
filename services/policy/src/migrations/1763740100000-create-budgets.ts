import { createChangeLogTables, createOutboxTable, createPositionTable } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Sums of money in nano-dollars: no bill, however wrong, overflows them. */
const money = 'numeric(38, 0) NOT NULL'

export class CreateBudgets1763740100000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE budget (
        id text COLLATE "C" PRIMARY KEY,
        organization text NOT NULL,
        scope text NOT NULL CHECK (scope IN ('organization', 'team', 'workspace', 'workload', 'key')),
        scope_id text COLLATE "C" NOT NULL,
        source text NOT NULL CHECK (source IN ('budget', 'identity')),
        amount_nano_usd ${money},
        period text NOT NULL CHECK (period IN ('daily', 'weekly', 'monthly', 'once')),
        time_zone text NOT NULL,
        hard boolean NOT NULL,
        thresholds integer[] NOT NULL,
        lowers_output boolean NOT NULL,
        exact boolean NOT NULL DEFAULT false,
        exact_since timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      )`)
    await queryRunner.query(`CREATE INDEX budget_scope ON budget (scope, scope_id)`)
    // A team or key has one budget of its own, however many services watch identity.
    await queryRunner.query(
      `CREATE UNIQUE INDEX budget_of_identity ON budget (organization, scope, scope_id) WHERE source = 'identity'`,
    )
    await queryRunner.query(`
      CREATE TABLE budget_period (
        budget text COLLATE "C" REFERENCES budget ON DELETE CASCADE,
        start_ms bigint,
        spent_nano_usd ${money},
        told_thresholds integer[] NOT NULL DEFAULT '{}',
        PRIMARY KEY (budget, start_ms)
      )`)
    await queryRunner.query(`
      CREATE TABLE lease (
        budget text COLLATE "C" REFERENCES budget ON DELETE CASCADE,
        start_ms bigint,
        gateway_run text COLLATE "C",
        granted_nano_usd ${money},
        returned_nano_usd ${money},
        rated_nano_usd ${money},
        PRIMARY KEY (budget, start_ms, gateway_run)
      )`)
    await queryRunner.query(
      `CREATE TABLE gateway_run (id text COLLATE "C" PRIMARY KEY, renewed_at timestamptz NOT NULL)`,
    )
    await queryRunner.query(`
      CREATE TABLE charge (
        event_id uuid PRIMARY KEY,
        started_at timestamptz(3) NOT NULL,
        organization text NOT NULL,
        teams text NOT NULL,
        workspace text NOT NULL,
        workload text NOT NULL,
        virtual_key text NOT NULL,
        cost_nano_usd ${money}
      )`)
    await queryRunner.query(`CREATE INDEX charge_time ON charge (organization, started_at)`)
    await createChangeLogTables(queryRunner)
    await createOutboxTable(queryRunner)
    await createPositionTable(queryRunner)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `DROP TABLE lease, budget_period, budget, gateway_run, charge, change, change_head, outbox, consumer_position`,
    )
  }
}
