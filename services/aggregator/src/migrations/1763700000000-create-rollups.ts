import { createOutboxTable, createPositionTable } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Names are compared by bytes: order and paging do not depend on the database's locale. */
const name = 'text COLLATE "C" NOT NULL'

/** `numeric` cannot overflow, where a sum of bigint could. */
const cost = 'numeric(38, 0) NOT NULL'

const figures = `
  requests bigint NOT NULL,
  attempts bigint NOT NULL,
  input_tokens bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  cache_write_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL,
  unpriced_attempts bigint NOT NULL,
  cost_nano_usd ${cost}`

export class CreateRollups1763700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TYPE rollup_interval AS ENUM ('hour', 'day', 'month')`)
    await queryRunner.query(`
      CREATE TABLE applied_event (
        event_id uuid PRIMARY KEY,
        applied_on date NOT NULL DEFAULT current_date
      )`)
    await queryRunner.query(`
      CREATE TABLE rollup (
        interval rollup_interval NOT NULL,
        start timestamptz NOT NULL,
        dimensions uuid NOT NULL,
        organization ${name},
        team ${name},
        team_path ${name},
        workspace ${name},
        workload ${name},
        model ${name},
        provider ${name},
        virtual_key ${name},
        ${figures},
        PRIMARY KEY (interval, start, dimensions)
      ) WITH (fillfactor = 80)`)
    await queryRunner.query(`
      CREATE TABLE business_unit_rollup (
        organization ${name},
        team ${name},
        interval rollup_interval NOT NULL,
        start timestamptz NOT NULL,
        team_path ${name},
        path_seen_at timestamptz(3) NOT NULL,
        revision bigint NOT NULL,
        ${figures},
        cost_with_descendants_nano_usd ${cost},
        PRIMARY KEY (organization, team, interval, start)
      ) WITH (fillfactor = 50)`)
    await createOutboxTable(queryRunner)
    await createPositionTable(queryRunner)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `DROP TABLE applied_event, rollup, business_unit_rollup, outbox, consumer_position`,
    )
    await queryRunner.query(`DROP TYPE rollup_interval`)
  }
}
