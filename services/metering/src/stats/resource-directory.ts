import { status } from '@grpc/grpc-js'
import type { catalogV1, GrpcClient } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { type Caller, isVisible } from '@weir/http'

/** The catalog as far as it tells what there is. */
export type ResourceClient = Pick<GrpcClient<typeof catalogV1.ReferenceServiceService>, 'getResource'>

export type ResourceKind = 'provider' | 'repository'

const notFound: Record<ResourceKind, (id: string) => AppError> = {
  provider: (provider) => AppError.of('provider_not_found', { provider }),
  repository: (repository) => AppError.of('repository_not_found', { repository }),
}

/** Finds the catalog's providers and repositories for a caller. */
export class ResourceDirectory {
  constructor(private readonly client: ResourceClient) {}

  /** Throws `…_not_found`, also for what the caller may not see, and service_unavailable. */
  async get(caller: Caller, kind: ResourceKind, idOrName: string): Promise<catalogV1.GetResourceResponse> {
    const { organization } = caller
    try {
      const found = await this.client.getResource({ organization, kind, idOrName })
      if (isVisible(caller, found.workspace || null)) return found
    } catch (error) {
      if ((error as { code?: unknown }).code !== status.NOT_FOUND) throw unavailable(kind, error)
    }
    throw notFound[kind](idOrName)
  }
}

function unavailable(kind: ResourceKind, cause: unknown): AppError {
  const reason = `The catalog cannot be asked now which ${kind} that is. Try again in a few seconds.`
  return AppError.of('service_unavailable', { reason }, { retryAfterS: 2, cause })
}
