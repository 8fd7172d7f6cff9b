export * from './generated/weir/identity/v1/snapshot.js'
export {
  ResolveVirtualKeyRequest,
  ResolveVirtualKeyResponse,
  type VirtualKeyServiceController,
  VirtualKeyServiceControllerMethods,
  VirtualKeyServiceService,
} from './generated/weir/identity/v1/virtual_key.js'
