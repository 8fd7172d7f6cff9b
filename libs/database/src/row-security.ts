import { currentScope, type Scope } from '@weir/audit'
import type pg from 'pg'
import type { DataSource, QueryRunner } from 'typeorm'

/**
 * The role as which every service works. It owns nothing and is held by row-level security, which
 * owners and superusers are not; migrations run as the user of the connection string.
 */
export const appRole = 'weir_app'

/** A table whose rows belong to an organization. */
export interface TenantTable {
  table: string
  /** Column of the organization; default `organization`. */
  organization?: string
  /** Column of the workspace, when it has one; null in it: for the whole organization. */
  workspace?: string
  /** Instead of an organization of its own: the column with the id of a row of another tenant table. */
  belongsTo?: { column: string; table: string }
}

const setting = (name: string): string => `(SELECT current_setting('weir.${name}', true))`

/**
 * Hides rows of a table from all but their organization (and, where a caller is confined to some,
 * their workspaces). Also from the table's owner, so that a forgotten `where` leaks nothing.
 */
export async function protectTenantTables(queryRunner: QueryRunner, tables: TenantTable[]): Promise<void> {
  for (const { table, organization = 'organization', workspace, belongsTo } of tables) {
    const isOfWorkspace = `${setting('workspaces')} = '*' OR ${workspace} IS NULL
      OR ${workspace} = ANY ((SELECT string_to_array(current_setting('weir.workspaces', true), ','))::text[])`
    const isSeen = belongsTo
      ? `${belongsTo.column} IN (SELECT id FROM ${belongsTo.table})`
      : `${organization} = ${setting('organization')} ${workspace ? `AND (${isOfWorkspace})` : ''}`
    await queryRunner.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`)
    await queryRunner.query(`ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`)
    // Settings are read by sub-selects: once for a statement, where a plain call is made for every row.
    await queryRunner.query(`
      CREATE POLICY tenant ON ${table} USING (
        ${setting('scope')} = 'service' OR (${isSeen}))`)
  }
}

/** Grants the services' role what it needs of tables that were made before there was the role. */
export async function grantExistingTables(queryRunner: QueryRunner): Promise<void> {
  const [row] = (await queryRunner.query('SELECT current_schema() AS schema')) as { schema: string }[]
  const schema = row?.schema ?? ''
  await queryRunner.query(
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${appRole}`,
  )
  await queryRunner.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${appRole}`)
}

/** Roles belong to the whole cluster, so that services of several databases may make it at once. */
const madeMeanwhile = new Set(['42710', '23505', 'XX000'])

/**
 * Makes the services' role unless it is there, lets the connected user become it, and grants it what
 * migrations will create in the schema.
 * @throws Error that says what an administrator must do, when the user may not.
 */
export async function prepareAppRole(client: pg.Client, schema: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await makeRole(client)
      break
    } catch (error) {
      const code = String((error as { code?: unknown }).code)
      if (code === '42501') throw notAllowed(error)
      if (attempt === 5 || !madeMeanwhile.has(code)) throw error
    }
  }
  await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${appRole}`)
  const grant = `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT`
  await client.query(`${grant} SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${appRole}`)
  await client.query(`${grant} USAGE ON SEQUENCES TO ${appRole}`)
}

async function makeRole(client: pg.Client): Promise<void> {
  const find = `SELECT rolsuper OR rolbypassrls AS "isExempt", pg_has_role(current_user, oid, 'SET') AS "isMine"
    FROM pg_roles WHERE rolname = $1`
  const read = async () =>
    (await client.query<{ isExempt: boolean; isMine: boolean }>(find, [appRole])).rows[0]
  if (!(await read())) await client.query(`CREATE ROLE ${appRole} NOLOGIN NOSUPERUSER NOBYPASSRLS`)
  const role = await read()
  if (role?.isExempt) {
    throw new Error(
      `The role ${appRole} is exempt from row-level security, which keeps organizations apart: ` +
        `run ALTER ROLE ${appRole} NOSUPERUSER NOBYPASSRLS as an administrator, and start again.`,
    )
  }
  if (!role?.isMine) await client.query(`GRANT ${appRole} TO CURRENT_USER WITH SET TRUE`)
}

function notAllowed(cause: unknown): Error {
  return new Error(
    `The database user may not make the role ${appRole}, as which the services work. As an administrator run ` +
      `CREATE ROLE ${appRole} NOLOGIN; GRANT ${appRole} TO <the user of WEIR_DATABASE_URL>; and start again.`,
    { cause },
  )
}

type Connection = [client: pg.PoolClient, release: (error?: unknown) => void]

/**
 * Has each connection that the pool gives out see what the code that takes it may see. A connection
 * keeps that until it is given out for something else, so that mostly no round trip is added.
 */
export function holdToScope(dataSource: DataSource): void {
  const driver = dataSource.driver as unknown as {
    master: pg.Pool
    obtainMasterConnection(): Promise<Connection>
  }
  // Between its owners nobody listens to a connection, and an error that nobody hears ends the process:
  // whoever uses it next, or at that moment, sees it fail.
  const hearErrors = (client: pg.PoolClient) => {
    if (!client.listeners('error').includes(ignore)) client.on('error', ignore)
  }
  driver.master.on('connect', hearErrors)
  const obtain = driver.obtainMasterConnection.bind(driver)
  const inForce = new WeakMap<object, string>()
  driver.obtainMasterConnection = async () => {
    const [client, release] = await obtain()
    hearErrors(client)
    const settings = settingsOf(currentScope())
    const wanted = settings.join('\0')
    if (inForce.get(client) === wanted) return [client, release]
    try {
      inForce.delete(client)
      await client.query(
        `SELECT set_config('weir.organization', $1, false), set_config('weir.workspaces', $2, false),
           set_config('weir.scope', $3, false), set_config('weir.actor', $4, false)`,
        settings,
      )
      inForce.set(client, wanted)
    } catch (error) {
      release(error)
      throw error
    }
    return [client, release]
  }
}

const ignore = (): void => undefined

function settingsOf({ organization = '', workspaces, service, actor }: Readonly<Scope>): string[] {
  return [
    organization,
    workspaces?.join(',') ?? '*',
    service === undefined ? '' : 'service',
    actor ? JSON.stringify(actor) : '',
  ]
}
