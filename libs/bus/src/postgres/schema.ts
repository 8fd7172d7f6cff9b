import type { ClientBase } from 'pg'
import type { Topic } from '../topics.js'

/** Any number, the same in every process: one provisioner at a time, since CREATE IF NOT EXISTS still races. */
const provisionLock = 7_305_121_001

const tables = `
CREATE SCHEMA IF NOT EXISTS bus;

CREATE TABLE IF NOT EXISTS bus.topic (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  partitions integer NOT NULL CHECK (partitions > 0),
  compacted boolean NOT NULL,
  permanent boolean NOT NULL
);

-- The head of each partition. A publisher updates it in the transaction that inserts: the row's lock makes
-- offsets dense and commit ordered, which those of a sequence are not.
CREATE TABLE IF NOT EXISTS bus.partition (
  topic_id integer NOT NULL REFERENCES bus.topic ON DELETE CASCADE,
  partition integer NOT NULL,
  next_offset bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS bus.message (
  topic_id integer NOT NULL,
  partition integer NOT NULL,
  "offset" bigint NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  key text NOT NULL,
  value text NOT NULL,
  headers text NOT NULL,
  PRIMARY KEY (topic_id, partition, "offset")
);

-- A member lives while its session does and its heartbeat is young.
CREATE TABLE IF NOT EXISTS bus.member (
  id uuid PRIMARY KEY,
  consumer_group text NOT NULL,
  topics text[] NOT NULL,
  client_id text NOT NULL,
  backend_pid integer NOT NULL,
  backend_started_at timestamptz NOT NULL,
  heartbeat_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- How far a group is, and who has the partition. The epoch grows with each owner and is checked at each
-- commit, so an owner that was given up for dead cannot move the position of its successor.
CREATE TABLE IF NOT EXISTS bus.position (
  consumer_group text NOT NULL,
  topic_id integer NOT NULL REFERENCES bus.topic ON DELETE CASCADE,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  owner uuid,
  epoch bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, topic_id, partition)
) WITH (fillfactor = 50);
`

/** Creates what is missing of schema and topics; existing topics keep their number of partitions, since keys are spread over it. */
export async function provisionTopics(client: ClientBase, topics: Topic[]): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(`SELECT pg_advisory_xact_lock(${provisionLock})`)
    await client.query(tables)
    for (const { name, partitions, compacted, permanent } of topics) {
      await client.query(
        `INSERT INTO bus.topic (name, partitions, compacted, permanent) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET compacted = EXCLUDED.compacted, permanent = EXCLUDED.permanent`,
        [name, partitions, compacted, permanent],
      )
    }
    await client.query(
      `INSERT INTO bus.partition (topic_id, partition)
       SELECT id, generate_series(0, partitions - 1) FROM bus.topic ON CONFLICT DO NOTHING`,
    )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}
