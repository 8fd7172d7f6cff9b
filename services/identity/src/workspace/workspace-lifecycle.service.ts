import { Injectable } from '@nestjs/common'
import { type Change, ChangeLog, isUniqueViolation, violatedForeignKey } from '@weir/database'
import { AppError } from '@weir/errors'
import { authorizeIn, type Caller, inUse, namedUsers } from '@weir/http'
import { DataSource, type EntityManager } from 'typeorm'
import { CatalogReferences } from '../reference/catalog-references.js'
import type { Workspace } from './workspace.entity.js'
import { WorkspaceService } from './workspace.service.js'

/** How long a deleted workspace can be restored. */
export const restorableDays = 30

/** What belongs to a workspace, in the order in which it is restored: what is referred to comes first. */
const parts = ['workload', 'member', 'virtual_key', 'management_grant'] as const

/** What a deletion takes with it. */
export interface Deletion {
  workspace: Workspace
  workloads: number
  virtualKeys: number
  members: number
  invitations: number
  /** What would stop working, for people; a few of them. */
  inUseBy: string[]
}

type Changed = (change: Change) => void

/** Deletes workspaces and brings them back. */
@Injectable()
export class WorkspaceLifecycleService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changeLog: ChangeLog,
    private readonly workspaces: WorkspaceService,
    private readonly catalog: CatalogReferences,
  ) {}

  /** What would go; nothing is changed. */
  async preview(caller: Caller, idOrName: string): Promise<Deletion> {
    const workspace = await this.workspaces.get(caller, idOrName)
    const { id, organization } = workspace
    authorizeIn(caller, id)
    const providers = await this.catalog.findUsersOfWorkspace({ organization, workspace: id })
    const { manager } = this.dataSource
    const [counts] = await manager.query<Omit<Deletion, 'workspace' | 'inUseBy'>[]>(
      `SELECT (SELECT count(*) FROM workload WHERE workspace = $1)::integer AS workloads,
         (SELECT count(*) FROM virtual_key WHERE workspace = $1)::integer AS "virtualKeys",
         (SELECT count(*) FROM member WHERE workspace = $1)::integer AS members,
         (SELECT count(*) FROM invitation WHERE workspace = $1)::integer AS invitations`,
      [id],
    )
    if (!counts) throw new Error('PostgreSQL gave no row for counts.')
    return { workspace, ...counts, inUseBy: [...(await this.users(manager, id)), ...providers] }
  }

  /**
   * Deletes a workspace that nothing uses; with `force` whatever is in it goes too, its virtual keys
   * at once. The catalog is asked first, since its providers may belong to the workspace.
   */
  async delete(caller: Caller, idOrName: string, { force }: { force: boolean }): Promise<void> {
    const { organization } = caller
    const { id, name } = await this.workspaces.get(caller, idOrName)
    authorizeIn(caller, id)
    const providers = force ? [] : await this.catalog.findUsersOfWorkspace({ organization, workspace: id })
    try {
      await this.changeLog.write(async (manager, changed) => {
        // Whoever begins to use it now waits, and then finds it gone.
        const found = await manager.query<unknown[]>(`SELECT FROM workspace WHERE id = $1 FOR UPDATE`, [id])
        if (found.length === 0) throw AppError.of('workspace_not_found', { workspace: id })
        const users = force ? [] : [...(await this.users(manager, id)), ...providers]
        if (users.length > 0) throw inUse('workspace', name, users)
        await this.archive(manager, id)
        await this.remove(manager, changed, { organization, id })
      })
    } catch (error) {
      if (!violatedForeignKey(error)) throw error
      throw inUse('workspace', name, await this.users(this.dataSource.manager, id))
    }
  }

  /**
   * Brings a deleted workspace back as it was, its virtual keys with their values; but for members who
   * are no users any more, their personal keys, and invitations.
   */
  async restore(caller: Caller, id: string): Promise<Workspace> {
    const { organization } = caller
    try {
      await this.changeLog.write(async (manager, changed) => {
        const [rows] = await manager.query<[{ content: Record<string, unknown> }[], number]>(
          `DELETE FROM deleted_workspace WHERE id = $1 AND organization = $2
             AND deleted_at > now() - make_interval(days => $3) RETURNING content`,
          [id, organization, restorableDays],
        )
        const content = rows[0]?.content
        if (!content) throw AppError.of('workspace_not_found', { workspace: id })
        await this.bringBack(manager, changed, { organization, content })
      })
    } catch (error) {
      throw refine(error, id)
    }
    return this.workspaces.get(caller, id)
  }

  private async archive(manager: EntityManager, id: string): Promise<void> {
    await manager.query(
      `DELETE FROM deleted_workspace WHERE deleted_at < now() - make_interval(days => $1)`,
      [restorableDays],
    )
    const rowsOf = (table: string, where: string) =>
      `'${table}', coalesce((SELECT jsonb_agg(to_jsonb(r)) FROM ${table} r WHERE ${where}), '[]')`
    const content = [
      rowsOf('workspace', 'r.id = w.id'),
      ...parts.map((part) => rowsOf(part, 'r.workspace = w.id')),
    ]
    await manager.query(
      `INSERT INTO deleted_workspace (id, organization, content)
       SELECT w.id, w.organization, jsonb_build_object(${content.join(', ')}) FROM workspace w WHERE w.id = $1`,
      [id],
    )
  }

  private async remove(
    manager: EntityManager,
    changed: Changed,
    { organization, id }: { organization: string; id: string },
  ): Promise<void> {
    // A member's session was opened with a role that is no more.
    await manager.query(
      `DELETE FROM session WHERE user_id IN (SELECT user_id FROM member WHERE workspace = $1)`,
      [id],
    )
    for (const kind of ['virtual_key', 'workload'] as const) {
      const [rows] = await manager.query<[{ id: string }[], number]>(
        `DELETE FROM ${kind} WHERE workspace = $1 RETURNING id`,
        [id],
      )
      for (const row of rows) changed({ organization, kind, id: row.id, action: 'deleted' })
    }
    // After their personal keys.
    const [left] = await manager.query<[{ user: string }[], number]>(
      `DELETE FROM member WHERE workspace = $1 RETURNING user_id AS user`,
      [id],
    )
    for (const { user } of left)
      changed({ organization, kind: 'member', id: `${id}/${user}`, action: 'deleted' })
    await manager.query(`DELETE FROM workspace WHERE id = $1`, [id])
    changed({ organization, kind: 'workspace', id, action: 'deleted' })
  }

  private async bringBack(
    manager: EntityManager,
    changed: Changed,
    { organization, content }: { organization: string; content: Record<string, unknown> },
  ): Promise<void> {
    const only: Partial<Record<string, string>> = {
      member: 'EXISTS (SELECT FROM app_user u WHERE u.id = r.user_id)',
      virtual_key: `r.owner IS NULL
        OR EXISTS (SELECT FROM member m WHERE m.workspace = r.workspace AND m.user_id = r.owner)`,
      management_grant: 'EXISTS (SELECT FROM virtual_key k WHERE k.id = r.key)',
    }
    for (const table of ['workspace', ...parts]) {
      const rows = await manager.query<{ id?: string; workspace?: string; user_id?: string }[]>(
        `INSERT INTO ${table} SELECT r.* FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb) r
         WHERE ${only[table] ?? 'true'} RETURNING *`,
        [JSON.stringify(withDefaults(table, content[table]))],
      )
      if (table === 'management_grant') continue
      for (const row of rows) {
        const id = table === 'member' ? `${row.workspace}/${row.user_id}` : (row.id ?? '')
        changed({ organization, kind: table, id, action: 'created' })
      }
    }
  }

  private async users(manager: EntityManager, id: string): Promise<string[]> {
    const rows = await manager.query<{ name: string }[]>(
      `(SELECT 'workload \`' || id || '\`' AS name FROM workload WHERE workspace = $1 ORDER BY id LIMIT $2)
       UNION ALL
       (SELECT 'virtual key \`' || id || '\`' FROM virtual_key WHERE workspace = $1 ORDER BY id LIMIT $2)
       LIMIT $2`,
      [id, namedUsers + 1],
    )
    return rows.map(({ name }) => name)
  }
}

/** Of a row that was archived before there were these columns. */
const defaults: Partial<Record<string, object>> = {
  workspace: { response_cache: false, response_cache_ttl_s: 3600, content_logging: false },
}

/** Rows of an archive, with the columns that there were not yet. */
export function withDefaults(table: string, rows: unknown): Record<string, unknown>[] {
  return Array.isArray(rows) ? rows.map((row: object) => ({ ...defaults[table], ...row })) : []
}

/** What has taken the place of something meanwhile, or is gone and was referred to. */
function refine(error: unknown, id: string): unknown {
  if (isUniqueViolation(error, 'workspace_name'))
    return AppError.of('already_exists', { kind: 'workspace with the name of', id })
  if (isUniqueViolation(error))
    return AppError.of('already_exists', { kind: 'workload with an id of one of', id })
  if (!violatedForeignKey(error)) return error
  const reason = `The workspace \`${id}\` cannot be restored: a team that one of its virtual keys belongs to is gone. Create the team again first.`
  return AppError.of('invalid_request', { reason })
}
