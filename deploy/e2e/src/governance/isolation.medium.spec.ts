import { asService, inOrganization } from '@weir/audit'
import { openDataSource } from '@weir/database'
import { createTestDatabase, type TestDatabase } from '@weir/testing'
import pg from 'pg'
import type { DataSource } from 'typeorm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrations as aggregator } from '../../../../services/aggregator/src/migrations/index.js'
import { migrations as catalog } from '../../../../services/catalog/src/migrations/index.js'
import { migrations as identity } from '../../../../services/identity/src/migrations/index.js'
import { migrations as metering } from '../../../../services/metering/src/migrations/index.js'
import { migrations as policy } from '../../../../services/policy/src/migrations/index.js'

const services = { identity, catalog, policy, metering, aggregator }
type Service = keyof typeof services

/** Tables that belong to no organization, and why no row of theirs tells one of another. */
const shared: Record<string, string> = {
  migration: 'which migrations ran',
  change: 'ids of what changed; only the change feed reads it',
  change_head: 'one row: the version',
  outbox: 'messages on their way; only the relay reads it',
  consumer_position: 'how far a consumer group has come',
  'metering.price': 'copies of prices, found only by the id that an event names',
  'aggregator.applied_event': 'ids of events',
  'identity.sign_in_attempt': 'counts by hashes of addresses, before anybody is known',
  'identity.setup_token': 'one hash',
  'identity.openid_sign_in':
    'sign-ins under way, found only by the hash of their state, before anybody is known',
  'policy.gateway_run': 'which gateways are alive',
  'policy.run_charge': 'how many attempts of a gateway are charged',
}

/** Tenant tables that no person changes: their changes are no entries of the audit trail. */
const unrecorded = [
  ...['identity.audit_entry', 'identity.audit_head', 'metering.ledger', 'metering.usage_hourly'],
  // Its workspace's deletion is on record.
  'identity.deleted_workspace',
  // A copy of what is changed, and recorded, in identity.
  'metering.retention',
  ...[
    'aggregator.rollup',
    'aggregator.business_unit_rollup',
    'policy.budget_period',
    'policy.charge',
    'policy.lease',
    // Each is written with a change of its policy, which is recorded.
    'policy.policy_version',
  ],
]

interface Column {
  name: string
  type: string
  isKey: boolean
  isGenerated: boolean
}

interface Table {
  service: Service
  name: string
  isForced: boolean
  policies: string[]
  isRecorded: boolean
  columns: Column[]
}

const readTables = `
  SELECT n.nspname AS service, c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS "isForced",
    ARRAY(SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = c.oid) AS policies,
    EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'record_change') AS "isRecorded",
    (SELECT json_agg(json_build_object('name', attname, 'type', format_type(atttypid, NULL), 'isGenerated', attidentity <> '', 'isKey',
       EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary AND attnum = ANY(indkey))))
     FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY($1) ORDER BY 1, 2`

describe('isolation in the database (threat 9)', async () => {
  const database: TestDatabase = await createTestDatabase()
  const admin = new pg.Client({ connectionString: database.url })
  await admin.connect()
  const sources = {} as Record<Service, DataSource>
  for (const [schema, migrations] of Object.entries(services)) {
    const options = { url: database.url, schema, entities: [], migrations, poolSize: 2 }
    sources[schema as Service] = await openDataSource(options)
  }
  const tables = (await admin.query<Table>(readTables, [Object.keys(services)])).rows
  const isShared = ({ service, name }: Table) => `${service}.${name}` in shared || name in shared
  const tenantTables = tables.filter((table) => !isShared(table))

  /** Rows of two organizations in every table, as little of each as will do. */
  beforeAll(async () => {
    await admin.query(`SET session_replication_role = replica`)
    for (const { service, name, columns } of tenantTables) {
      const table = `${service}.${name}`
      const { rows } = await admin.query<{ name: string }>(
        `SELECT conname AS name FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('c', 'f')`,
        [table],
      )
      for (const constraint of rows)
        await admin.query(`ALTER TABLE ${table} DROP CONSTRAINT ${constraint.name}`)
      for (const column of columns.filter(({ isKey, isGenerated }) => !isKey && !isGenerated)) {
        await admin.query(`ALTER TABLE ${table} ALTER ${column.name} DROP NOT NULL`)
      }
      const filled = columns.filter((column) => column.isKey || column.name === 'organization')
      for (const organization of ['org_a', 'org_b']) {
        const values = filled.map((column) => sample(column, organization))
        await admin.query(
          `INSERT INTO ${table} (${filled.map((column) => column.name).join(', ')})
           VALUES (${filled.map((_, index) => `$${index + 1}`).join(', ')})`,
          values,
        )
      }
    }
    await admin.query(`SET session_replication_role = origin`)
  })
  afterAll(async () => {
    for (const source of Object.values(sources)) await source.destroy()
    await admin.end()
    await database.drop()
  })

  it('knows every table: it belongs to an organization, or is listed with the reason why not', () => {
    expect(tables.length).toBeGreaterThan(30)
    for (const name of Object.keys(shared)) {
      const found = tables.filter((table) => `${table.service}.${table.name}` === name || table.name === name)
      expect(found.length, name).toBeGreaterThan(0)
      expect(found.filter(({ columns }) => columns.some((column) => column.name === 'organization'))).toEqual(
        [],
      )
    }
  })

  it('puts every change of what people manage on record', () => {
    const missing = tenantTables.filter(({ isRecorded }) => !isRecorded)
    expect(missing.map(({ service, name }) => `${service}.${name}`).sort()).toEqual(unrecorded.sort())
  })

  it.each(tenantTables)('$service.$name is under a policy that holds for its owner too', (table) => {
    expect(table.isForced).toBe(true)
    expect(table.policies).toHaveLength(1)
    expect(table.policies[0]).toMatch(/weir\.organization|IN \( ?SELECT/)
  })

  it.each(tenantTables)(
    '$service.$name shows nothing of another organization without any where',
    async (table) => {
      const { service, name } = table
      const select = () => sources[service].query<Record<string, unknown>[]>(`SELECT * FROM ${name}`)
      const all = await asService('test', select)
      const own = await inOrganization('org_a', select)
      expect(all.length).toBeGreaterThanOrEqual(2)
      expect(own).toHaveLength(1)
      expect(JSON.stringify(own)).toContain('org_a')
      expect(JSON.stringify(own)).not.toContain('org_b')
      expect(await inOrganization('org_c', select)).toEqual([])
      expect(await select()).toEqual([])
    },
  )

  it.each(tenantTables)('$service.$name lets nobody change or delete what is of another', async (table) => {
    const { service, name } = table
    const undone = new Error('undone')
    const remove = inOrganization('org_a', () =>
      sources[service].transaction(async (manager) => {
        const [, count] = await manager.query<[unknown, number]>(`DELETE FROM ${name}`)
        expect(count).toBe(1)
        throw undone
      }),
    )
    const error: unknown = await remove.catch((error: unknown) => error)
    // The audit trail is not even one's own to delete.
    if (name.startsWith('audit_')) expect(String(error)).toContain('permission denied')
    else expect(error).toBe(undone)
    if (!table.columns.some((column) => column.name === 'organization')) return
    const steal = inOrganization('org_a', () =>
      sources[service].query(`UPDATE ${name} SET organization = 'org_b'`),
    )
    await expect(steal).rejects.toThrow(/row-level security|permission denied/)
  })

  it('gives the services a role that owns no table and is not exempt', async () => {
    for (const [schema, source] of Object.entries(sources)) {
      const [row] = await source.query<object[]>(
        `SELECT current_user AS name, rolsuper OR rolbypassrls AS "isExempt",
           (SELECT count(*)::int FROM pg_class WHERE relowner = r.oid) AS owned
         FROM pg_roles r WHERE rolname = current_user`,
      )
      expect(row, schema).toEqual({ name: 'weir_app', isExempt: false, owned: 0 })
    }
  })
})

describe('for a database user who is no superuser', () => {
  it('what there was before row-level security is taken along, and seen by its organization alone', async () => {
    const { url, drop } = await createTestDatabase()
    const admin = new pg.Client({ connectionString: url })
    await admin.connect()
    const user = `owner_${process.pid}`
    const database = new URL(url).pathname.slice(1)
    await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD 'p'`)
    await admin.query(`GRANT weir_app TO ${user}`)
    await admin.query(`GRANT CREATE ON DATABASE ${database} TO ${user}`)
    const ordinary = Object.assign(new URL(url), { username: user, password: 'p' }).toString()
    const open = async (schema: Service, migrations: (typeof services)[Service]) =>
      openDataSource({ url: ordinary, schema, entities: [], migrations, poolSize: 1 })

    const before = await open('identity', identity.slice(0, 1))
    await before.query(`INSERT INTO organization (id, name) VALUES ('org_b', 'B')`)
    await before.query(
      `INSERT INTO workspace (id, organization, name, environment) VALUES ('ws_b', 'org_b', 'b', 'staging')`,
    )
    await before.query(
      `INSERT INTO virtual_key (id, organization, hash, hint, name, workspace, type, disabled)
       VALUES ('key_b', 'org_b', sha256('b'), 'vk_…', 'b', 'ws_b', 'default', false)`,
    )
    await before.destroy()
    for (const [schema, migrations] of Object.entries(services)) {
      const source = await open(schema as Service, migrations)
      if (schema === 'identity') {
        const select = () =>
          source.query(`SELECT k.id, g.role FROM virtual_key k JOIN management_grant g ON g.key = k.id`)
        expect(await inOrganization('org_b', select)).toEqual([{ id: 'key_b', role: 'owner' }])
        expect(await inOrganization('org_default', select)).toEqual([])
      }
      await source.destroy()
    }
    const { rows } = await admin.query<{ owner: string }>(
      `SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname = ANY($1)`,
      [Object.keys(services)],
    )
    expect(rows).toEqual([{ owner: user }])
    await admin.query(`DROP OWNED BY ${user} CASCADE`)
    await admin.query(`DROP ROLE ${user}`)
    await admin.end()
    await drop()
  })
})

/** A value that names the organization wherever the type can. */
function sample({ name, type }: Column, organization: string): unknown {
  const digit = organization === 'org_a' ? 1 : 2
  if (type === 'uuid') return `00000000-0000-7000-8000-00000000000${digit}`
  if (type === 'bigint' || type === 'integer') return digit
  if (type.startsWith('timestamp')) return new Date(digit)
  if (type === 'bytea') return Buffer.from([digit])
  if (type === 'text') return organization
  if (type.endsWith('rollup_interval')) return 'hour'
  throw new Error(`A key ${name} of type ${type}: say here what a value looks like.`)
}
