import { Injectable } from '@nestjs/common'
import { afterCursor, type Caller } from '@weir/http'
import { DataSource } from 'typeorm'
import type { ListWorkspacesQuery } from './workspace.dto.js'
import { Workspace } from './workspace.entity.js'
import { restorableDays, withDefaults } from './workspace-lifecycle.service.js'

type DeletedWorkspace = Workspace & { deletedAt: Date }

/** Shows the workspaces that can be restored. */
@Injectable()
export class DeletedWorkspaces {
  constructor(private readonly dataSource: DataSource) {}

  /** As they were, in the order of ids; only those with a role in the organization see them, who may restore them. */
  async list(
    { organization, visible }: Caller,
    { limit, cursor, name, environment }: ListWorkspacesQuery,
  ): Promise<DeletedWorkspace[]> {
    if (visible) return []
    const rows = await this.dataSource.query<{ row: Record<string, unknown>; deletedAt: Date }[]>(
      `SELECT content #> '{workspace,0}' AS row, deleted_at AS "deletedAt" FROM deleted_workspace
       WHERE organization = $1 AND id > $2 AND deleted_at > now() - make_interval(days => $3)
         AND ($4::text IS NULL OR content #>> '{workspace,0,name}' = $4)
         AND ($5::text IS NULL OR content #>> '{workspace,0,environment}' = $5)
       ORDER BY id LIMIT $6`,
      [organization, afterCursor(cursor) ?? '', restorableDays, name ?? null, environment ?? null, limit + 1],
    )
    return rows.map(({ row, deletedAt }) => this.toWorkspace(row, deletedAt))
  }

  private toWorkspace(row: Record<string, unknown>, deletedAt: Date): DeletedWorkspace {
    const [archived = {}] = withDefaults('workspace', [row])
    const { columns } = this.dataSource.getMetadata(Workspace)
    const values = columns.map(({ propertyName, databaseName }) => [
      propertyName,
      archived[databaseName] ?? null,
    ])
    const workspace = Object.assign(new Workspace(), Object.fromEntries(values) as Partial<Workspace>)
    const [createdAt, updatedAt] = [new Date(workspace.createdAt), new Date(workspace.updatedAt)]
    return Object.assign(workspace, { createdAt, updatedAt, deletedAt })
  }
}
