import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { AppError } from '@weir/errors'
import { equalSecrets } from '@weir/secrets'
import type { FastifyRequest } from 'fastify'
import { defaultOrganization, setCaller } from './caller.js'
import { sentCredential } from './permission.guard.js'
import { masterKeyPrincipal } from './principal.js'

/** Refuses every REST call without the master key. Global, so that no route can be forgotten. */
@Injectable()
export class MasterKeyGuard implements CanActivate {
  constructor(private readonly masterKey: string) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    const credential = sentCredential(request.headers)
    if (credential === undefined) throw AppError.of('missing_api_key', {})
    if (credential.startsWith('vk_')) {
      const reason = 'management takes the master key, not a virtual key'
      throw AppError.of('endpoint_not_allowed', { endpoint: 'management routes', reason })
    }
    if (!equalSecrets(credential, this.masterKey)) throw AppError.of('invalid_api_key', {})
    const organization = defaultOrganization
    setCaller(request, { organization, principal: masterKeyPrincipal(organization) })
    return true
  }
}
