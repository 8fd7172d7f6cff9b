import { Controller } from '@nestjs/common'
import { asService, inOrganization } from '@weir/audit'
import { identityV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { DataSource } from 'typeorm'
import { findWorkspace } from '../workspace/workspace.service.js'
import { restorableDays } from '../workspace/workspace-lifecycle.service.js'

const namedUsers = 10
const pageSize = 1_000

/** Tells other services what names their resources, and what they must know of workspaces. */
@Controller()
@identityV1.ReferenceServiceControllerMethods()
export class ReferenceGrpc implements identityV1.ReferenceServiceController {
  constructor(private readonly dataSource: DataSource) {}

  async listReferences(
    request: identityV1.ListReferencesRequest,
  ): Promise<identityV1.ListReferencesResponse> {
    const { organization, model, deployment, repository } = request
    if (deployment !== '') return this.listKeysNaming('deployments', deployment, request)
    if (repository !== '') return this.listKeysNaming('repositories', repository, request)
    const rows = await inOrganization(organization, () =>
      this.dataSource.query<{ name: string }[]>(
        `(SELECT 'workload \`' || id || '\`' AS name FROM workload
        WHERE organization = $1 AND models @> ARRAY[$2] ORDER BY id LIMIT $3)
       UNION ALL
       (SELECT 'team \`' || id || '\`' FROM team
        WHERE organization = $1 AND models @> ARRAY[$2] ORDER BY id LIMIT $3)
       UNION ALL
       (SELECT 'virtual key \`' || id || '\`' FROM virtual_key
        WHERE organization = $1 AND models @> ARRAY[$2] ORDER BY id LIMIT $3)
       LIMIT $3`,
        [organization, model, namedUsers],
      ),
    )
    return { users: rows.map(({ name }) => name) }
  }

  private async listKeysNaming(
    column: 'deployments' | 'repositories',
    name: string,
    { organization, workspace }: identityV1.ListReferencesRequest,
  ): Promise<identityV1.ListReferencesResponse> {
    const rows = await inOrganization(organization, () =>
      this.dataSource.query<{ name: string }[]>(
        `SELECT 'virtual key \`' || id || '\`' AS name FROM virtual_key
         WHERE organization = $1 AND workspace = $2 AND ${column} @> ARRAY[$3] ORDER BY id LIMIT $4`,
        [organization, workspace, name, namedUsers],
      ),
    )
    return { users: rows.map((row) => row.name) }
  }

  async getWorkspace({
    organization,
    idOrName,
  }: identityV1.GetWorkspaceRequest): Promise<identityV1.GetWorkspaceResponse> {
    const workspace = await inOrganization(organization, () =>
      findWorkspace(this.dataSource.manager, { organization }, idOrName),
    )
    if (!workspace) throw AppError.of('workspace_not_found', { workspace: idOrName })
    return { id: workspace.id }
  }

  async listRetentions({
    afterWorkspace,
  }: identityV1.ListRetentionsRequest): Promise<identityV1.ListRetentionsResponse> {
    const retentions = await asService('retention', () =>
      this.dataSource.query<identityV1.Retention[]>(
        `SELECT organization, id AS workspace, days FROM (
           SELECT organization, id, retention_days AS days FROM workspace
           UNION ALL
           SELECT organization, id, (content #>> '{workspace,0,retention_days}')::integer FROM deleted_workspace
         ) w WHERE days IS NOT NULL AND id > $1 ORDER BY id LIMIT $2`,
        [afterWorkspace, pageSize],
      ),
    )
    return { retentions }
  }

  async findGoneWorkspaces({
    workspaces,
  }: identityV1.FindGoneWorkspacesRequest): Promise<identityV1.FindGoneWorkspacesResponse> {
    const rows = await asService('retention', () =>
      this.dataSource.query<{ id: string }[]>(
        `SELECT id FROM unnest($1::text[]) AS asked (id)
         WHERE NOT EXISTS (SELECT FROM workspace w WHERE w.id = asked.id)
           AND NOT EXISTS (SELECT FROM deleted_workspace w
             WHERE w.id = asked.id AND w.deleted_at > now() - make_interval(days => $2))
         LIMIT $3`,
        [workspaces, restorableDays, pageSize],
      ),
    )
    return { workspaces: rows.map(({ id }) => id) }
  }
}
