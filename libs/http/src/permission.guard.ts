import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { AppError } from '@weir/errors'
import { toSourceNetworks } from '@weir/rights'
import { equalSecrets } from '@weir/secrets'
import type { FastifyRequest } from 'fastify'
import { defaultOrganization, setCaller } from './caller.js'
import { permissionDenied, toCaller } from './reach.js'
import { findRight, type RouteRight } from './permissions.js'
import { type Caller, masterKeyPrincipal, type Principal } from './principal.js'
import { addressOf } from './request-scope.js'

/** The cookie of a session, for browsers; scripts cannot read it. */
export const sessionCookie = 'weir_session'

/**
 * Finds who a credential belongs to; undefined: it is not known, or no longer. Throws
 * endpoint_not_allowed for a credential that is known and manages nothing.
 */
export type CheckCredential = (credential: string) => Promise<Principal | undefined>

const bearer = /^Bearer +(\S+) *$/i
const cookie = new RegExp(`(?:^|; *)${sessionCookie}=(ses_[\\w-]+)(?:;|$)`)

/** The credential of a request: `Authorization: Bearer …`, else `x-api-key`, else a session's cookie. */
export function sentCredential(headers: FastifyRequest['headers']): string | undefined {
  const sent = bearer.exec(headers.authorization ?? '')?.[1]
  if (sent !== undefined) return sent
  const apiKey = headers['x-api-key']
  if (typeof apiKey === 'string' && apiKey !== '') return apiKey
  // Another site's page may make a browser send the cookie; it cannot make it lie about where the page is from.
  if (headers['sec-fetch-site'] === 'cross-site') return undefined
  return cookie.exec(headers.cookie ?? '')?.[1]
}

/**
 * Refuses every REST call that the table of permissions does not allow; a route without a row is
 * refused to everybody. Global and by the route that was found, never by the path that was sent, so
 * that no spelling of a path gets around it.
 */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(
    private readonly masterKey: string,
    private readonly check: CheckCredential,
    private readonly rightOf: (method: string, path: string) => RouteRight | undefined = findRight,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    const route = `${request.method} ${request.routeOptions.url ?? ''}`
    const right = this.rightOf(request.method, request.routeOptions.url ?? '')
    if (right === 'public') return true
    const principal = await this.authenticate(request)
    // A refused attempt is on record with whoever made it.
    setCaller(request, { organization: principal.organization, principal })
    refuseOtherSource(principal, request)
    setCaller(request, callerFor(principal, right, route))
    return true
  }

  private async authenticate({ headers }: FastifyRequest): Promise<Principal> {
    const credential = sentCredential(headers)
    if (credential === undefined) throw AppError.of('missing_api_key', {})
    if (equalSecrets(credential, this.masterKey)) return masterKeyPrincipal(defaultOrganization)
    const principal = await this.check(credential)
    if (!principal) throw AppError.of('invalid_api_key', {})
    return principal
  }
}

/** Throws source_not_allowed for a virtual key that is used from outside of its networks. */
function refuseOtherSource({ credential, sourceNetworks }: Principal, request: FastifyRequest): void {
  if (!sourceNetworks) return
  const address = addressOf(request)
  if (toSourceNetworks(sourceNetworks).includes(address)) return
  throw AppError.of('source_not_allowed', { address: address || '(unknown)', key: credential })
}

function callerFor(principal: Principal, right: RouteRight | undefined, route: string): Caller {
  if (right === undefined) throw permissionDenied(`${route}, which nobody has`)
  if (right === 'authenticated' || right === 'public') {
    return { organization: principal.organization, principal }
  }
  return toCaller(principal, right)
}
