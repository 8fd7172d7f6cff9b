import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { identityV1 } from '@weir/contracts'

interface Stream {
  write(response: identityV1.WatchIdentityResponse): void
  on(event: string, listener: () => void): void
}

/** Identity's watch, over real gRPC: what a test sets is sent to whoever watches. */
export class FakeIdentity {
  private readonly resources = new Map<string, identityV1.IdentityResource>()
  private readonly streams = new Set<Stream>()
  private version = 1

  private constructor(
    readonly address: string,
    private readonly server: Server,
  ) {}

  static async start(): Promise<FakeIdentity> {
    const server = new Server()
    const running: { fake?: FakeIdentity } = {}
    const implementation: UntypedServiceImplementation = {
      watchIdentity: (call: Stream) => running.fake?.serve(call),
    }
    server.addService(identityV1.IdentitySnapshotServiceService, implementation)
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      )
    })
    running.fake = new FakeIdentity(`127.0.0.1:${port}`, server)
    return running.fake
  }

  setTeam(id: string, money?: identityV1.MoneyLimit): void {
    const models = { all: true, names: [] }
    const team = { id, organization: 'org_default', parent: '', models, ...(money && { money }) }
    this.set(`team/${id}`, { team })
  }

  setWorkspace(id: string, organization = 'org_default'): void {
    this.set(`workspace/${id}`, { workspace: { id, organization, name: id, environment: 'production' } })
  }

  remove(kind: string, id: string): void {
    this.resources.delete(`${kind}/${id}`)
    this.send({ upserts: [], removals: [{ kind, id }] })
  }

  close(): void {
    this.server.forceShutdown()
  }

  private set(key: string, resource: identityV1.IdentityResource): void {
    this.resources.set(key, resource)
    this.send({ upserts: [resource], removals: [] })
  }

  private serve(call: Stream): void {
    this.streams.add(call)
    call.on('cancelled', () => this.streams.delete(call))
    const upserts = [...this.resources.values()]
    const position = { epoch: 'fake', version: String(this.version) }
    call.write({ ...position, reset: true, synced: true, upserts, removals: [] })
  }

  private send(change: Pick<identityV1.WatchIdentityResponse, 'upserts' | 'removals'>): void {
    this.version++
    const position = { epoch: 'fake', version: String(this.version) }
    for (const stream of this.streams) stream.write({ ...position, reset: false, synced: true, ...change })
  }
}
