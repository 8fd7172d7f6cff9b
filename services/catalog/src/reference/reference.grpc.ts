import { Controller } from '@nestjs/common'
import { inOrganization } from '@weir/audit'
import { catalogV1 } from '@weir/contracts'
import { DataSource } from 'typeorm'
import { listWorkspaceModels } from './workspace-models.js'

const namedUsers = 10

/** Tells identity what of the catalog belongs to a workspace. */
@Controller()
@catalogV1.ReferenceServiceControllerMethods()
export class ReferenceGrpc implements catalogV1.ReferenceServiceController {
  constructor(private readonly dataSource: DataSource) {}

  async listReferences({
    organization,
    workspace,
  }: catalogV1.ListReferencesRequest): Promise<catalogV1.ListReferencesResponse> {
    const rows = await inOrganization(organization, () =>
      this.dataSource.query<{ name: string }[]>(
        `(SELECT 'provider \`' || name || '\`' AS name FROM provider
          WHERE organization = $1 AND workspace = $2 ORDER BY id LIMIT $3)
         UNION ALL
         (SELECT 'deployment \`' || name || '\`' FROM deployment
          WHERE organization = $1 AND workspace = $2 ORDER BY id LIMIT $3)
         UNION ALL
         (SELECT 'repository \`' || name || '\`' FROM repository
          WHERE organization = $1 AND workspace = $2 ORDER BY id LIMIT $3)
         LIMIT $3`,
        [organization, workspace, namedUsers],
      ),
    )
    return { users: rows.map(({ name }) => name) }
  }

  listWorkspaceModels(
    request: catalogV1.ListWorkspaceModelsRequest,
  ): Promise<catalogV1.ListWorkspaceModelsResponse> {
    return inOrganization(request.organization, () =>
      this.dataSource.transaction('REPEATABLE READ', (manager) => listWorkspaceModels(manager, request)),
    )
  }
}
