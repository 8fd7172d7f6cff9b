export * from './generated/weir/identity/v1/snapshot.js'
export {
  ReportVirtualKeyUsesRequest,
  ReportVirtualKeyUsesResponse,
  ResolveVirtualKeyRequest,
  ResolveVirtualKeyResponse,
  VirtualKeyUse,
  type VirtualKeyServiceController,
  VirtualKeyServiceControllerMethods,
  VirtualKeyServiceService,
} from './generated/weir/identity/v1/virtual_key.js'
export {
  FindGoneWorkspacesRequest,
  FindGoneWorkspacesResponse,
  GetWorkspaceRequest,
  GetWorkspaceResponse,
  ListReferencesRequest,
  ListReferencesResponse,
  ListRetentionsRequest,
  ListRetentionsResponse,
  type ReferenceServiceController,
  ReferenceServiceControllerMethods,
  ReferenceServiceService,
  Retention,
} from './generated/weir/identity/v1/reference.js'
export {
  CheckCredentialRequest,
  CheckCredentialResponse,
  type CredentialServiceController,
  CredentialServiceControllerMethods,
  CredentialServiceService,
  Principal,
} from './generated/weir/identity/v1/credential.js'
