import { actionRecorded } from '@weir/contracts'
import type { QueryRunner } from 'typeorm'

/** A table whose changes go on record. */
export interface RecordedTable {
  table: string
  /** Kind of the resource; default: the table's name. */
  kind?: string
  /** Column with the resource's id; default `id`. */
  id?: string
  /** Column of the organization; default `organization`. */
  organization?: string
  /** Column of the workspace, when it has one. */
  workspace?: string
}

/**
 * Columns whose values never go on record, by their names: so that one which is added later is
 * masked before anybody has thought of it. Binary values are masked whatever they are called.
 */
export const secretColumns =
  '(^|_)(hash|hint|secret|password|passphrase|credential|credentials|ciphertext|wrapped_key|private_key|api_key|token|salt|verifier|nonce)(_|$)'

/** Columns that change without anybody changing the resource. */
const quietColumns = ['updated_at', 'last_used_at', 'last_seen_at', 'exact', 'exact_since']

/** A resource larger than this goes on record by its size alone, so that its event fits the bus. */
const maxBytes = 64 * 1_024

/**
 * Has the database itself record each change of these tables: who, what, before and after, as an
 * event in the outbox, in the transaction of the change. No code path gets around it, and none has to
 * think of it. Needs the outbox.
 */
export async function recordChanges(
  queryRunner: QueryRunner,
  { service, tables }: { service: string; tables: RecordedTable[] },
): Promise<void> {
  await queryRunner.query(maskFunction)
  await queryRunner.query(recordFunction)
  for (const { table, kind = table, id = 'id', organization = 'organization', workspace = '' } of tables) {
    const values = [service, kind, id, organization, workspace].map((value) => `'${value}'`).join(', ')
    await queryRunner.query(`
      CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION record_change(${values})`)
  }
}

/** What of a row goes on record; `other` is the row before, of which a secret may say that it changed. */
const maskFunction = `
  CREATE OR REPLACE FUNCTION without_secrets(content jsonb, other jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN octet_length(masked::text) > ${maxBytes}
      THEN json_build_object('too_large_bytes', octet_length(masked::text))::text ELSE masked::text END
    FROM (
      SELECT jsonb_object_agg(key, CASE
        WHEN value = 'null' OR NOT (key ~ '${secretColumns}' OR value #>> '{}' LIKE '\\\\x%') THEN value
        WHEN other IS NULL OR other -> key = value THEN '"[secret]"'
        ELSE '"[secret, changed]"' END) AS masked
      FROM jsonb_each(content)
    ) AS row
  $$`

const recordFunction = `
  CREATE OR REPLACE FUNCTION record_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
  DECLARE
    quiet CONSTANT text[] := '{${quietColumns.join(',')}}';
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    resource jsonb := coalesce(after, before);
    actor jsonb := nullif(current_setting('weir.actor', true), '')::jsonb;
    event_id text := gen_random_uuid()::text;
    organization text := coalesce(resource ->> TG_ARGV[3], '');
    -- Always as in RFC 3339, whatever the session's settings are.
    occurred_at text := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
  BEGIN
    IF TG_OP = 'UPDATE' AND before - quiet = after - quiet THEN RETURN NULL; END IF;
    actor := coalesce(actor, jsonb_build_object('kind', 'database', 'id', session_user::text));
    INSERT INTO outbox (topic, key, value, headers) VALUES (
      '${actionRecorded.topic}',
      organization,
      json_build_object(
        'event_id', event_id,
        'occurred_at', occurred_at,
        'organization', organization,
        'workspace', coalesce(resource ->> TG_ARGV[4], ''),
        'service', TG_ARGV[0],
        'actor_kind', actor ->> 'kind',
        'actor_id', coalesce(actor ->> 'id', ''),
        'actor_name', coalesce(actor ->> 'name', ''),
        'credential', coalesce(actor ->> 'credential', ''),
        'address', coalesce(actor ->> 'address', ''),
        'request_id', coalesce(actor ->> 'requestId', ''),
        'resource', TG_ARGV[1],
        'resource_id', coalesce(resource ->> TG_ARGV[2], ''),
        'action', CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
        'outcome', 'done',
        'status', 0,
        'error_code', '',
        'before', coalesce(without_secrets(before, NULL), ''),
        'after', coalesce(without_secrets(after, before), ''),
        'unrecorded', 0
      )::text,
      jsonb_build_object(
        'ce_specversion', '1.0',
        'ce_id', event_id,
        'ce_type', '${actionRecorded.name}',
        'ce_source', 'weir/' || TG_ARGV[0],
        'ce_time', occurred_at,
        'content-type', 'application/json'
      )
    );
    RETURN NULL;
  END
  $$`
