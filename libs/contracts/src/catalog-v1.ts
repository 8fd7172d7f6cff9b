export * from './generated/weir/catalog/v1/snapshot.js'
export {
  GetPriceRequest,
  GetPriceResponse,
  type PriceServiceController,
  PriceServiceControllerMethods,
  PriceServiceService,
} from './generated/weir/catalog/v1/price.js'
export {
  GetResourceRequest,
  GetResourceResponse,
  ListReferencesRequest,
  ListReferencesResponse,
  ListWorkspaceModelsRequest,
  ListWorkspaceModelsResponse,
  type ReferenceServiceController,
  ReferenceServiceControllerMethods,
  ReferenceServiceService,
  WorkspaceModel,
} from './generated/weir/catalog/v1/reference.js'
