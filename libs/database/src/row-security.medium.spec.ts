import { asService, inOrganization, inScope } from '@weir/audit'
import { createTestDatabase } from '@weir/testing'
import pg from 'pg'
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDataSource } from './data-source.js'
import { protectTenantTables } from './row-security.js'
import { noteOptions } from './testing/note.js'

class CreatePages1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE page (organization text NOT NULL, workspace text, name text NOT NULL)`,
    )
    await protectTenantTables(queryRunner, [{ table: 'page', workspace: 'workspace' }])
    await queryRunner.query(
      `INSERT INTO page VALUES ('a', 'w1', 'a1'), ('a', 'w2', 'a2'), ('a', NULL, 'a'), ('b', 'w3', 'b3')`,
    )
  }

  async down(): Promise<void> {
    throw new Error('Not undone.')
  }
}

const migrations = [...noteOptions('').migrations, CreatePages1700000000001]

describe('row-level security (threat 9)', () => {
  let dataSource: DataSource
  let close: () => Promise<void>

  beforeAll(async () => {
    const { url, drop } = await createTestDatabase()
    dataSource = await openDataSource({ ...noteOptions(url), migrations, poolSize: 2 })
    close = async () => {
      await dataSource.destroy()
      await drop()
    }
  })
  afterAll(() => close())

  const names = async () =>
    (await dataSource.query<{ name: string }[]>('SELECT name FROM page ORDER BY name')).map(
      ({ name }) => name,
    )

  it('shows an organization its own rows, without any where', async () => {
    expect(await inOrganization('a', names)).toEqual(['a', 'a1', 'a2'])
    expect(await inOrganization('b', names)).toEqual(['b3'])
    expect(await inOrganization('c', names)).toEqual([])
  })

  it('shows nothing to code that acts for nobody', async () => {
    expect(await names()).toEqual([])
  })

  it('shows a caller who is confined to workspaces theirs, and what belongs to none', async () => {
    const confined = (workspaces: string[]) => inScope({ organization: 'a', workspaces }, names)
    expect(await confined(['w1'])).toEqual(['a', 'a1'])
    expect(await confined(['w1', 'w2'])).toEqual(['a', 'a1', 'a2'])
    expect(await confined(['w3'])).toEqual(['a'])
    expect(await confined([])).toEqual(['a'])
  })

  it('shows all to what crosses organizations on purpose', async () => {
    expect(await asService('test', names)).toEqual(['a', 'a1', 'a2', 'b3'])
  })

  it('lets nobody write, change or delete what they do not see', async () => {
    const write = (sql: string) => inOrganization('a', () => dataSource.query<[unknown, number]>(sql))
    await expect(write(`INSERT INTO page VALUES ('b', NULL, 'forged')`)).rejects.toThrow('row-level security')
    await expect(write(`UPDATE page SET organization = 'b' WHERE name = 'a'`)).rejects.toThrow(
      'row-level security',
    )
    expect((await write(`UPDATE page SET name = 'mine' WHERE name = 'b3'`))[1]).toBe(0)
    expect((await write(`DELETE FROM page WHERE organization = 'b'`))[1]).toBe(0)
    expect(await inOrganization('b', names)).toEqual(['b3'])
  })

  it('keeps callers apart who share connections', async () => {
    const organizations = Array.from({ length: 200 }, (_, i) => ['a', 'b', 'c'][i % 3] ?? '')
    const seen = await Promise.all(organizations.map((organization) => inOrganization(organization, names)))
    const expected: Record<string, string[]> = { a: ['a', 'a1', 'a2'], b: ['b3'], c: [] }
    expect(seen).toEqual(organizations.map((organization) => expected[organization]))
    expect(await names()).toEqual([])
  })

  it('keeps what a transaction sees through a failure and a rollback', async () => {
    const failing = inOrganization('a', () =>
      dataSource.transaction(async (manager) => {
        await manager.query('SELECT count(*) FROM page')
        await manager.query('SELECT 1/0')
      }),
    )
    await expect(failing).rejects.toThrow('division by zero')
    expect(await inOrganization('b', names)).toEqual(['b3'])
    expect(await inOrganization('a', names)).toEqual(['a', 'a1', 'a2'])
  })

  it('works as a role that owns nothing and is not exempt', async () => {
    const [row] = await dataSource.query<object[]>(
      `SELECT current_user AS name, rolsuper, rolbypassrls,
         (SELECT count(*)::int FROM pg_class WHERE relowner = pg_roles.oid) AS owned
       FROM pg_roles WHERE rolname = current_user`,
    )
    expect(row).toEqual({ name: 'weir_app', rolsuper: false, rolbypassrls: false, owned: 0 })
    await expect(dataSource.query('ALTER TABLE page DISABLE ROW LEVEL SECURITY')).rejects.toThrow(
      'must be owner',
    )
    await expect(dataSource.query('TRUNCATE page')).rejects.toThrow('permission denied')
  })

  it('adds no round trip while a connection keeps working for one organization', async () => {
    const { url, drop } = await createTestDatabase()
    const single = await openDataSource({ ...noteOptions(url), migrations, poolSize: 1 })
    const texts: string[] = []
    const query = Object.getOwnPropertyDescriptor(pg.Client.prototype, 'query')?.value as (
      ...args: never[]
    ) => unknown
    pg.Client.prototype.query = function (this: pg.Client, ...args: never[]) {
      const [first] = args as unknown[]
      texts.push(typeof first === 'string' ? first : String((first as { text?: string } | undefined)?.text))
      return query.apply(this, args)
    } as never
    try {
      for (let i = 0; i < 5; i++) await inOrganization('a', () => single.query('SELECT 1'))
    } finally {
      pg.Client.prototype.query = query as never
    }
    expect(texts.filter((text) => text.includes('set_config'))).toHaveLength(1)
    expect(texts).toHaveLength(6)
    await single.destroy()
    await drop()
  })

  it('survives connections that are cut at any moment, and keeps callers apart meanwhile', async () => {
    const { url, drop } = await createTestDatabase()
    const cut = await openDataSource({ ...noteOptions(url), migrations, poolSize: 3 })
    const admin = new pg.Client({ connectionString: url })
    await admin.connect()
    let isOver = false
    const cutting = (async () => {
      while (!isOver) {
        await admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        )
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
    })()
    const expected: Record<string, string[]> = { a: ['a', 'a1', 'a2'], b: ['b3'] }
    const seen = { right: 0, failed: 0 }
    const look = (organization: string, pauseMs: number) =>
      inOrganization(organization, () =>
        cut.transaction(async (manager) => {
          await new Promise((resolve) => setTimeout(resolve, pauseMs))
          return manager.query<{ name: string }[]>('SELECT name FROM page ORDER BY name')
        }),
      ).then(
        (rows) => {
          expect(rows.map(({ name }) => name)).toEqual(expected[organization])
          seen.right++
        },
        () => void seen.failed++,
      )
    for (let round = 0; round < 40; round++) {
      await Promise.all(['a', 'b', 'a', 'b'].map((organization, i) => look(organization, (round + i) % 3)))
    }
    isOver = true
    await cutting
    expect(seen.failed).toBeGreaterThan(0)
    await look('a', 0)
    expect(seen.right).toBeGreaterThan(0)
    await cut.destroy()
    await admin.end()
    await drop()
  })

  it('starts for an ordinary user to whom an administrator gave the role, and says what to do else', async () => {
    const { url, drop } = await createTestDatabase()
    const admin = new pg.Client({ connectionString: url })
    await admin.connect()
    const user = `plain_${process.pid}`
    await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD 'p'`)
    await admin.query(`GRANT CREATE ON DATABASE ${new URL(url).pathname.slice(1)} TO ${user}`)
    const plain = new URL(url)
    Object.assign(plain, { username: user, password: 'p' })
    const open = () => openDataSource({ ...noteOptions(plain.toString()), migrations })
    await expect(open()).rejects.toThrow(/may not make the role weir_app.*CREATE ROLE/)
    await admin.query(`GRANT weir_app TO ${user}`)
    const opened = await open()
    expect(await inOrganization('b', () => opened.query('SELECT name FROM page'))).toEqual([{ name: 'b3' }])
    await opened.destroy()
    await admin.end()
    await drop()
    const server = new pg.Client({ connectionString: process.env.WEIR_TEST_POSTGRES_URL })
    await server.connect()
    await server.query(`REVOKE weir_app FROM ${user}`)
    await server.query(`DROP ROLE ${user}`)
    await server.end()
  })
})
