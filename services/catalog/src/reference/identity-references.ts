import { status } from '@grpc/grpc-js'
import { Injectable } from '@nestjs/common'
import type { GrpcClient, identityV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import type { Caller } from '@weir/http'

/** The client of identity's ReferenceService. */
export type IdentityReferenceClient = GrpcClient<typeof identityV1.ReferenceServiceService>

interface NamedInWorkspace {
  name: string
  workspace: string
}

/** What of identity names the catalog's resources, and what they may name. */
@Injectable()
export class IdentityReferences {
  constructor(private readonly client: IdentityReferenceClient) {}

  /** Throws workspace_not_found, or service_unavailable when identity does not answer. */
  async getWorkspaceId({ organization }: Caller, idOrName: string): Promise<string> {
    try {
      return (await this.client.getWorkspace({ organization, idOrName })).id
    } catch (error) {
      if ((error as { code?: unknown }).code === status.NOT_FOUND) {
        throw AppError.of('workspace_not_found', { workspace: idOrName }, { param: 'workspace' })
      }
      throw this.unavailable('which workspaces there are', error)
    }
  }

  /** For people: workload `chatbot`. Throws service_unavailable when identity does not answer. */
  findUsersOfModel(caller: Caller, model: string): Promise<string[]> {
    return this.findUsers(caller, 'the model', { model })
  }

  /** As above, for a deployment of a workspace. */
  findUsersOfDeployment(caller: Caller, { name, workspace }: NamedInWorkspace): Promise<string[]> {
    return this.findUsers(caller, 'the deployment', { deployment: name, workspace })
  }

  /** As above, for a repository of a workspace. */
  findUsersOfRepository(caller: Caller, { name, workspace }: NamedInWorkspace): Promise<string[]> {
    return this.findUsers(caller, 'the repository', { repository: name, workspace })
  }

  private async findUsers(
    { organization }: Caller,
    what: string,
    named: Partial<identityV1.ListReferencesRequest>,
  ): Promise<string[]> {
    const nothing = { model: '', deployment: '', repository: '', workspace: '' }
    try {
      return (await this.client.listReferences({ ...nothing, organization, ...named })).users
    } catch (error) {
      throw this.unavailable(`what uses ${what}`, error)
    }
  }

  private unavailable(what: string, cause: unknown): AppError {
    const reason = `Identity cannot be asked now ${what}. Nothing was changed; try again in a few seconds.`
    return AppError.of('service_unavailable', { reason }, { retryAfterS: 2, cause })
  }
}
