import { Injectable } from '@nestjs/common'
import type { catalogV1, GrpcClient } from '@weir/contracts'
import { AppError } from '@weir/errors'

/** The client of the catalog's ReferenceService. */
export type CatalogReferenceClient = GrpcClient<typeof catalogV1.ReferenceServiceService>

/** What of the catalog names identity's resources. */
@Injectable()
export class CatalogReferences {
  constructor(private readonly client: CatalogReferenceClient) {}

  /** For people: provider `on-prem`. Throws service_unavailable when the catalog does not answer. */
  async findUsersOfWorkspace(reference: { organization: string; workspace: string }): Promise<string[]> {
    try {
      return (await this.client.listReferences(reference)).users
    } catch (cause) {
      const reason =
        'The catalog cannot be asked now whether a provider belongs to the workspace. Nothing was changed; try again in a few seconds.'
      throw AppError.of('service_unavailable', { reason }, { retryAfterS: 2, cause })
    }
  }

  /** A part of the models, as a workspace sees them. Throws service_unavailable when the catalog does not answer. */
  async listWorkspaceModels(
    request: catalogV1.ListWorkspaceModelsRequest,
  ): Promise<catalogV1.ListWorkspaceModelsResponse> {
    try {
      return await this.client.listWorkspaceModels(request)
    } catch (cause) {
      const reason = 'The catalog cannot be asked now which models there are. Try again in a few seconds.'
      throw AppError.of('service_unavailable', { reason }, { retryAfterS: 2, cause })
    }
  }
}
