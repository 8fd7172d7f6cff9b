export * from './generated/weir/catalog/v1/snapshot.js'
export {
  GetPriceRequest,
  GetPriceResponse,
  type PriceServiceController,
  PriceServiceControllerMethods,
  PriceServiceService,
} from './generated/weir/catalog/v1/price.js'
export {
  ListReferencesRequest,
  ListReferencesResponse,
  type ReferenceServiceController,
  ReferenceServiceControllerMethods,
  ReferenceServiceService,
} from './generated/weir/catalog/v1/reference.js'
