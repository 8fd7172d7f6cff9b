import { status } from '@grpc/grpc-js'
import { Controller } from '@nestjs/common'
import { RpcException } from '@nestjs/microservices'
import { inOrganization } from '@weir/audit'
import { catalogV1 } from '@weir/contracts'
import { DataSource } from 'typeorm'
import { Provider } from '../provider/provider.entity.js'
import { Repository } from '../repository/repository.entity.js'
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

  async getResource({
    organization,
    kind,
    idOrName,
  }: catalogV1.GetResourceRequest): Promise<catalogV1.GetResourceResponse> {
    const entity = kind === 'repository' ? Repository : Provider
    const found = await inOrganization(organization, () =>
      this.dataSource.manager.findOne<Provider | Repository>(entity, {
        where: [
          { organization, id: idOrName },
          { organization, name: idOrName },
        ],
      }),
    )
    if (!found)
      throw new RpcException({ code: status.NOT_FOUND, message: `There is no ${kind} ${idOrName}.` })
    return { id: found.id, name: found.name, workspace: found.workspace ?? '' }
  }

  listWorkspaceModels(
    request: catalogV1.ListWorkspaceModelsRequest,
  ): Promise<catalogV1.ListWorkspaceModelsResponse> {
    return inOrganization(request.organization, () =>
      this.dataSource.transaction('REPEATABLE READ', (manager) => listWorkspaceModels(manager, request)),
    )
  }
}
