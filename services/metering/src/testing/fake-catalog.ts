import {
  Server,
  ServerCredentials,
  status as GrpcStatus,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { catalogV1 } from '@weir/contracts'
import type { UsageUnit } from '@weir/rating'

type Rates = Partial<Record<UsageUnit, bigint>>

/** A price with rates in nano-dollars for a million tokens. */
export function priceOf(id: string, rates: Rates, tiers: catalogV1.Rate[] = []): catalogV1.Price {
  const flat = Object.entries(rates).map(([unit, rate]) => ({
    unit,
    nanoUsdPerMillion: String(rate),
    aboveInputTokens: '0',
  }))
  return { id, effectiveFromMs: '0', rates: [...flat, ...tiers], serviceTiers: [] }
}

/** The catalog's price service, over real gRPC. */
export interface FakeCatalog {
  address: string
  prices: Map<string, catalogV1.Price>
  /** Providers and repositories by id and by name, as `provider/…`. */
  resources: Map<string, catalogV1.GetResourceResponse>
  /** While set, every call fails so. */
  failWith: GrpcStatus | undefined
  /** The ids that were asked for. */
  asked: string[]
  close(): void
}

export async function startFakeCatalog(): Promise<FakeCatalog> {
  const server = new Server()
  const catalog: FakeCatalog = {
    address: '',
    prices: new Map(),
    resources: new Map(),
    failWith: undefined,
    asked: [],
    close: () => server.forceShutdown(),
  }
  const implementation: UntypedServiceImplementation = {
    getPrice(
      { request }: { request: catalogV1.GetPriceRequest },
      reply: (error: { code: GrpcStatus } | null, response?: catalogV1.GetPriceResponse) => void,
    ) {
      catalog.asked.push(request.id)
      const price = catalog.prices.get(request.id)
      if (catalog.failWith !== undefined) reply({ code: catalog.failWith })
      else if (price) reply(null, { price })
      else reply({ code: GrpcStatus.NOT_FOUND })
    },
  }
  server.addService(catalogV1.PriceServiceService, implementation)
  server.addService(catalogV1.ReferenceServiceService, {
    getResource(
      { request }: { request: catalogV1.GetResourceRequest },
      reply: (error: { code: GrpcStatus } | null, response?: catalogV1.GetResourceResponse) => void,
    ) {
      const found = catalog.resources.get(`${request.kind}/${request.idOrName}`)
      if (catalog.failWith !== undefined) reply({ code: catalog.failWith })
      else if (found) reply(null, found)
      else reply({ code: GrpcStatus.NOT_FOUND })
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    )
  })
  catalog.address = `127.0.0.1:${port}`
  return catalog
}
