import { inScope } from '@weir/audit'
import { actionRecorded, type ActionRecorded } from '@weir/contracts'
import { createTestDatabase } from '@weir/testing'
import type { Pool } from 'pg'
import pg from 'pg'
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AttemptRecord } from './attempt-record.js'
import { recordChanges } from './change-record.js'
import { openDataSource } from './data-source.js'
import { noteOptions } from './testing/note.js'

class CreateThings1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE thing (
        id text PRIMARY KEY, organization text NOT NULL, workspace text, name text, settings jsonb, models text[],
        password_hash text, api_key text, previous_hash bytea, blob bytea, max_output_tokens integer,
        updated_at timestamptz, last_used_at timestamptz
      )`)
    await recordChanges(queryRunner, {
      service: 'things',
      tables: [{ table: 'thing', kind: 'gadget', workspace: 'workspace' }],
    })
  }

  async down(): Promise<void> {
    throw new Error('Not undone.')
  }
}

const actor = {
  ...{ kind: 'user', id: 'usr_a', name: 'a@example.org', credential: 'ses_a' },
  ...{ address: '192.0.2.1', requestId: 'req_a' },
}

describe('what goes on record', () => {
  let dataSource: DataSource
  let owner: Pool
  let close: () => Promise<void>

  beforeAll(async () => {
    const { url, drop } = await createTestDatabase()
    const options = noteOptions(url)
    const migrations = [...options.migrations, CreateThings1700000000001]
    dataSource = await openDataSource({ ...options, migrations })
    owner = new pg.Pool({ connectionString: url, max: 1 })
    close = async () => {
      await dataSource.destroy()
      await owner.end()
      await drop()
    }
  })
  afterAll(() => close())
  beforeEach(async () => {
    await owner.query('SET search_path = notes')
    await owner.query('DELETE FROM thing')
    await owner.query('TRUNCATE outbox')
  })

  const run = (sql: string, parameters: unknown[] = []) =>
    inScope({ organization: 'a', actor }, () => dataSource.query(sql, parameters))
  const recorded = async (): Promise<ActionRecorded[]> => {
    const { rows } = await owner.query<{ value: string; headers: Record<string, string>; key: string }>(
      'SELECT * FROM notes.outbox ORDER BY id',
    )
    return rows.map(({ value, headers, key }) => {
      const event = actionRecorded.decode(value)
      // As if the event type itself had written it.
      expect({ value: JSON.parse(value) as object, headers, key }).toEqual({
        value: JSON.parse(actionRecorded.encode(event, 'x').value) as object,
        headers: actionRecorded.encode(event, headers.ce_source ?? '').headers,
        key: actionRecorded.key(event),
      })
      return event
    })
  }
  const parse = (text: string | undefined) => JSON.parse(text ?? '') as Record<string, unknown>

  describe('of a change', () => {
    it('is who, what, before and after, in the transaction of the change', async () => {
      await run(`INSERT INTO thing (id, organization, workspace, name) VALUES ('t', 'a', 'w', 'one')`)
      await run(`UPDATE thing SET name = 'two'`)
      await run('DELETE FROM thing')
      await expect(
        inScope({ actor }, () =>
          dataSource.transaction(async (manager) => {
            await manager.query(`INSERT INTO thing (id, organization) VALUES ('undone', 'a')`)
            throw new Error('undone')
          }),
        ),
      ).rejects.toThrow('undone')
      const events = await recorded()
      expect(events.map(({ action }) => action)).toEqual(['create', 'update', 'delete'])
      for (const event of events) {
        expect(event).toMatchObject({
          ...{ organization: 'a', workspace: 'w', service: 'things', resource: 'gadget', resourceId: 't' },
          ...{ actorKind: 'user', actorId: 'usr_a', actorName: 'a@example.org', credential: 'ses_a' },
          ...{ address: '192.0.2.1', requestId: 'req_a', outcome: 'done', status: 0 },
        })
        expect(Math.abs(Date.parse(event.occurredAt) - Date.now())).toBeLessThan(60_000)
      }
      expect([events[0]?.before, events[2]?.after]).toEqual(['', ''])
      expect(parse(events[1]?.before)).toMatchObject({ name: 'one' })
      expect(parse(events[1]?.after)).toMatchObject({ name: 'two' })
    })

    it('has no secret, and says which one changed (threat 17)', async () => {
      await run(
        `INSERT INTO thing (id, organization, password_hash, api_key, previous_hash, blob, max_output_tokens)
         VALUES ('t', 'a', 'canary-1', 'canary-2', 'canary-3', 'canary-4', 7)`,
      )
      await run(`UPDATE thing SET api_key = 'canary-5', previous_hash = NULL, blob = 'canary-6'`)
      const { rows } = await owner.query<{ text: string }>(`SELECT outbox::text AS text FROM outbox`)
      for (const { text } of rows) {
        expect(text).not.toContain('canary')
        expect(text).not.toContain(Buffer.from('canary').toString('hex'))
      }
      const [created, updated] = await recorded()
      expect(parse(created?.after)).toMatchObject({
        api_key: '[secret]',
        blob: '[secret]',
        max_output_tokens: 7,
      })
      expect(parse(updated?.after)).toMatchObject({
        ...{ password_hash: '[secret]', api_key: '[secret, changed]', blob: '[secret, changed]' },
        previous_hash: null,
      })
    })

    it('is none when nothing but a time of use has changed', async () => {
      await run(`INSERT INTO thing (id, organization) VALUES ('t', 'a')`)
      await run(`UPDATE thing SET updated_at = now(), last_used_at = now()`)
      expect(await recorded()).toHaveLength(1)
    })

    it('of a resource too large for the bus is its size', async () => {
      await run(
        `INSERT INTO thing (id, organization, models) VALUES ('t', 'a', array_fill('model'::text, ARRAY[20000]))`,
      )
      const [event] = await recorded()
      expect(parse(event?.after)).toEqual({ too_large_bytes: expect.any(Number) as number })
    })

    it('names who was connected to the database when it was no service', async () => {
      await owner.query(`INSERT INTO thing (id, organization) VALUES ('t', 'a')`)
      expect(await recorded()).toMatchObject([{ actorKind: 'database', actorId: 'postgres' }])
    })
  })

  describe('of attempts', () => {
    const attempt = (kind: string, id: string) => ({
      ...{ organization: 'a', actor: { ...actor, kind }, resource: 'team', resourceId: id },
      ...{ action: 'delete', status: kind === 'anonymous' ? 401 : 409, errorCode: 'some_code' },
    })

    it('is bounded, whoever guesses, and says how many are missing', async () => {
      const record = new AttemptRecord('things', dataSource, {
        anonymous: { burst: 20, everyMs: 300 },
        known: { burst: 20, everyMs: 300 },
      })
      for (let i = 0; i < 5_000; i++) record.add(attempt('anonymous', `t${i}`))
      record.add(attempt('user', 'seen all the same'))
      await new Promise((resolve) => setTimeout(resolve, 500))
      record.add(attempt('anonymous', 'later'))
      await record.close()
      const events = await recorded()
      expect(events.map(({ resourceId }) => resourceId)).toEqual([
        ...Array.from({ length: 20 }, (_, i) => `t${i}`),
        ...['seen all the same', 'later'],
      ])
      expect(events.map(({ unrecorded }) => unrecorded)).toEqual([...Array<number>(21).fill(0), 4_980])
      expect(events.map(({ outcome }) => outcome)).toEqual([
        ...Array<string>(20).fill('refused'),
        ...['failed', 'refused'],
      ])
    })
  })
})
