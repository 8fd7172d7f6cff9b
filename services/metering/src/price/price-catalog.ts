import { catalogV1, type GrpcClient } from '@weir/contracts'

/** The catalog's prices by id. */
export abstract class PriceCatalog implements Pick<
  GrpcClient<typeof catalogV1.PriceServiceService>,
  'getPrice'
> {
  abstract getPrice(request: catalogV1.GetPriceRequest): Promise<catalogV1.GetPriceResponse>
}
