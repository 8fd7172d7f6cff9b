import { createOutboxTable, createPositionTable } from '@weir/database'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** `numeric` holds what no price and no number of tokens can overflow; sums of bigint would. */
const cost = 'numeric(38, 0)'

/** Names are compared by bytes: order and paging do not depend on the database's locale. */
const name = 'text COLLATE "C" NOT NULL'

/** Filters of the request log that pick few of many rows: each has its own way to the newest. */
const filters = ['team', 'workload', 'workspace', 'model', 'provider', 'virtual_key']

export class CreateLedger1763700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE ledger (
        event_id uuid PRIMARY KEY,
        request_id ${name},
        attempt integer NOT NULL,
        started_at timestamptz(3) NOT NULL,
        ended_at timestamptz(3) NOT NULL,
        rated_at timestamptz(3) NOT NULL,
        organization ${name},
        team ${name},
        team_path ${name},
        workspace ${name},
        workload ${name},
        virtual_key ${name},
        endpoint ${name},
        model ${name},
        provider_model ${name},
        provider ${name},
        provider_id ${name},
        price_id ${name},
        outcome ${name},
        upstream_status integer NOT NULL,
        error_code ${name},
        streamed boolean NOT NULL,
        usage_source ${name},
        input_tokens integer NOT NULL,
        cached_input_tokens integer NOT NULL,
        cache_write_tokens integer NOT NULL,
        output_tokens integer NOT NULL,
        reasoning_tokens integer NOT NULL,
        first_byte_ms integer NOT NULL,
        duration_ms integer NOT NULL,
        rating_status text NOT NULL CHECK (rating_status IN ('rated', 'free', 'unpriced')),
        cost_nano_usd ${cost},
        CHECK ((cost_nano_usd IS NULL) = (rating_status = 'unpriced'))
      )`)
    await queryRunner.query(`CREATE INDEX ledger_newest ON ledger (organization, started_at, event_id)`)
    await queryRunner.query(`CREATE INDEX ledger_request ON ledger (request_id)`)
    await queryRunner.query(
      `CREATE INDEX ledger_not_succeeded ON ledger (organization, started_at, event_id) WHERE outcome <> 'succeeded'`,
    )
    for (const column of filters) {
      await queryRunner.query(`CREATE INDEX ledger_${column} ON ledger (${column}, started_at, event_id)`)
    }
    await queryRunner.query(`
      CREATE TABLE usage_hourly (
        start timestamptz NOT NULL,
        dimensions uuid NOT NULL,
        organization ${name},
        team ${name},
        workspace ${name},
        workload ${name},
        model ${name},
        provider ${name},
        virtual_key ${name},
        requests bigint NOT NULL,
        attempts bigint NOT NULL,
        input_tokens bigint NOT NULL,
        cached_input_tokens bigint NOT NULL,
        cache_write_tokens bigint NOT NULL,
        output_tokens bigint NOT NULL,
        reasoning_tokens bigint NOT NULL,
        unpriced_attempts bigint NOT NULL,
        cost_nano_usd ${cost} NOT NULL,
        PRIMARY KEY (start, dimensions)
      ) WITH (fillfactor = 80)`)
    await queryRunner.query(`
      CREATE TABLE price (
        id text PRIMARY KEY,
        effective_from_ms bigint NOT NULL,
        rates jsonb NOT NULL,
        fetched_at timestamptz NOT NULL DEFAULT now()
      )`)
    await createOutboxTable(queryRunner)
    await createPositionTable(queryRunner)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE ledger, usage_hourly, price, outbox, consumer_position`)
  }
}
