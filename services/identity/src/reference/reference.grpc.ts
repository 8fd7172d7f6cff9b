import { Controller } from '@nestjs/common'
import { inOrganization } from '@weir/audit'
import { identityV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { DataSource } from 'typeorm'
import { findWorkspace } from '../workspace/workspace.service.js'

const namedUsers = 10

/** Tells the catalog what names its models, and which workspaces there are. */
@Controller()
@identityV1.ReferenceServiceControllerMethods()
export class ReferenceGrpc implements identityV1.ReferenceServiceController {
  constructor(private readonly dataSource: DataSource) {}

  async listReferences({
    organization,
    model,
  }: identityV1.ListReferencesRequest): Promise<identityV1.ListReferencesResponse> {
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
}
