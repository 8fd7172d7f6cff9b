import type { QueryRunner } from 'typeorm'

/**
 * Creates the tables of the change log: `change_head` holds one row, the epoch (new with each
 * database) and the last version; `change` says what each version changed. To be called from a
 * service's first migration.
 */
export async function createChangeLogTables(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    CREATE TABLE change_head (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      epoch uuid NOT NULL DEFAULT gen_random_uuid(),
      version bigint NOT NULL DEFAULT 0,
      pruned_version bigint NOT NULL DEFAULT 0
    )`)
  await queryRunner.query(`INSERT INTO change_head DEFAULT VALUES`)
  await queryRunner.query(`
    CREATE TABLE change (
      version bigint PRIMARY KEY,
      kind text NOT NULL,
      id text NOT NULL,
      action text NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT now()
    )`)
}

/** Creates the outbox: messages that are committed with what they tell of, until the bus has them. */
export async function createOutboxTable(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    CREATE TABLE outbox (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      topic text NOT NULL,
      key text NOT NULL,
      value text NOT NULL,
      headers jsonb NOT NULL
    )`)
}

/** Creates the table of how far each consumer group has come, written with what it has consumed. */
export async function createPositionTable(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    CREATE TABLE consumer_position (
      consumer_group text NOT NULL,
      topic text NOT NULL,
      partition integer NOT NULL,
      next_offset bigint NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (consumer_group, topic, partition)
    )`)
}
