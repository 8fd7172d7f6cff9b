import { Controller } from '@nestjs/common'
import { identityV1 } from '@weir/contracts'
import type { Principal } from '@weir/http'
import { CredentialService } from './credential.service.js'

/** Tells the other services who calls their management routes. */
@Controller()
@identityV1.CredentialServiceControllerMethods()
export class CredentialGrpc implements identityV1.CredentialServiceController {
  constructor(private readonly credentials: CredentialService) {}

  async checkCredential({
    credential,
  }: identityV1.CheckCredentialRequest): Promise<identityV1.CheckCredentialResponse> {
    const found = await this.credentials.find(credential)
    if (!found) return { refusal: 'invalid_api_key', refusalParameters: {}, principal: undefined }
    if ('kind' in found) return { refusal: '', refusalParameters: {}, principal: toProto(found) }
    return { refusal: found.code, refusalParameters: found.parameters, principal: undefined }
  }
}

function toProto({
  organizationRoles,
  workspaceRoles,
  sourceNetworks = [],
  ...principal
}: Principal): identityV1.Principal {
  return {
    ...principal,
    organizationRoles: [...organizationRoles],
    workspaceRoles: Object.fromEntries(workspaceRoles),
    sourceNetworks: [...sourceNetworks],
  }
}
