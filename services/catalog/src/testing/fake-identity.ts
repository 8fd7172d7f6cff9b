import { Server, status } from '@grpc/grpc-js'
import { identityV1, serverCredentials } from '@weir/contracts'

type Reply<Response> = (error: { code: number } | null, response?: Response) => void

/** Identity as far as the catalog asks it. */
export interface FakeIdentity {
  address: string
  /** Workspace ids by id and by name. */
  workspaces: Map<string, string>
  /** What names which model. */
  users: Map<string, string[]>
  /** Workspaces that are there no more. */
  gone: Set<string>
  stop: () => void
}

/** Answers ReferenceService on a free port. */
export async function startFakeIdentity(internalSecret: string): Promise<FakeIdentity> {
  const workspaces = new Map([
    ['prod', 'ws_prod'],
    ['ws_prod', 'ws_prod'],
  ])
  const users = new Map<string, string[]>()
  const gone = new Set<string>()
  const server = new Server()
  server.addService(identityV1.ReferenceServiceService, {
    listReferences: (
      { request }: { request: identityV1.ListReferencesRequest },
      reply: Reply<identityV1.ListReferencesResponse>,
    ) => reply(null, { users: users.get(request.model || request.deployment || request.repository) ?? [] }),
    getWorkspace: (
      { request }: { request: identityV1.GetWorkspaceRequest },
      reply: Reply<identityV1.GetWorkspaceResponse>,
    ) => {
      const id = workspaces.get(request.idOrName)
      return id ? reply(null, { id }) : reply({ code: status.NOT_FOUND })
    },
    listRetentions: (_: unknown, reply: Reply<identityV1.ListRetentionsResponse>) =>
      reply(null, { retentions: [] }),
    findGoneWorkspaces: (
      { request }: { request: identityV1.FindGoneWorkspacesRequest },
      reply: Reply<identityV1.FindGoneWorkspacesResponse>,
    ) => reply(null, { workspaces: request.workspaces.filter((id) => gone.has(id)) }),
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', serverCredentials({ internalSecret }), (error, port) =>
      error ? reject(error) : resolve(port),
    )
  })
  return { address: `127.0.0.1:${port}`, workspaces, users, gone, stop: () => server.forceShutdown() }
}
