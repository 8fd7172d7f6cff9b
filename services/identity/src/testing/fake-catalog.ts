import { Server } from '@grpc/grpc-js'
import { catalogV1, serverCredentials } from '@weir/contracts'

/** The catalog as far as identity asks it. */
export interface FakeCatalog {
  address: string
  /** What belongs to which workspace. */
  users: Map<string, string[]>
  /** What every workspace sees. */
  whitelist: Pick<catalogV1.ListWorkspaceModelsResponse, 'isWhitelisted' | 'models'>
  /** What every workspace has. */
  routes: Pick<catalogV1.ListWorkspaceModelsResponse, 'deployments' | 'repositories' | 'targets'>
  stop(): void
}

/** Answers ReferenceService on a free port. */
export async function startFakeCatalog(internalSecret: string): Promise<FakeCatalog> {
  const users = new Map<string, string[]>()
  const fake: Pick<FakeCatalog, 'whitelist' | 'routes'> = {
    whitelist: { isWhitelisted: false, models: [] },
    routes: { deployments: [], repositories: [], targets: [] },
  }
  const server = new Server()
  server.addService(catalogV1.ReferenceServiceService, {
    listReferences: (
      { request }: { request: catalogV1.ListReferencesRequest },
      reply: (error: null, response: catalogV1.ListReferencesResponse) => void,
    ) => reply(null, { users: users.get(request.workspace) ?? [] }),
    listWorkspaceModels: (
      { request }: { request: catalogV1.ListWorkspaceModelsRequest },
      reply: (error: null, response: catalogV1.ListWorkspaceModelsResponse) => void,
    ) => {
      const { isWhitelisted, models } = fake.whitelist
      const after = models.filter(({ model }) => (model?.name ?? '') > request.afterName)
      reply(null, { isWhitelisted, models: after.slice(0, request.limit), ...fake.routes })
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', serverCredentials({ internalSecret }), (error, port) =>
      error ? reject(error) : resolve(port),
    )
  })
  return Object.assign(fake, {
    ...{ address: `127.0.0.1:${port}`, users },
    stop: () => server.forceShutdown(),
  })
}
