import { type Actor, inScope, type Scope } from '@weir/audit'
import type { FastifyRequest } from 'fastify'
import type { Caller } from './principal.js'

const scopes = new WeakMap<object, Scope>()

/** Handles a request in a scope of its own, in which nothing is seen until a guard knows who makes it. */
export function openScope(request: FastifyRequest, handle: () => void): void {
  // Some changes need no credential, as signing in does; whoever makes one is on record by the address.
  const scope: Scope = isWrite(request) ? { actor: actorOf(request, undefined) } : {}
  scopes.set(request, scope)
  inScope(scope, handle)
}

/** From here on the request sees what its caller may see. */
export function fillScope(request: object, caller: Caller): void {
  const scope = scopes.get(request)
  if (!scope) return
  scope.organization = caller.organization
  if (caller.visible) scope.workspaces = caller.visible
  // Only beside changes: reading must not cost a round trip for it.
  if (isWrite(request as FastifyRequest)) scope.actor = actorOf(request as FastifyRequest, caller)
}

/** Whether a request may change something, by its method. */
export function isWrite({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
}

/** Who makes a request, and from where; `anonymous` before anybody was recognised. */
export function actorOf(request: FastifyRequest, caller: Caller | undefined): Actor {
  const { kind = 'anonymous', id = '', name = '', credential = '' } = caller?.principal ?? {}
  return { kind, id, name, credential, address: addressOf(request), requestId: request.id }
}

/** Where a request comes from. The gateway, or the ingress, has written the header: what a caller sends is dropped there. */
export function addressOf({ headers, ip }: FastifyRequest): string {
  const forwarded = headers['x-forwarded-for']
  const text = Array.isArray(forwarded) ? forwarded.at(-1) : forwarded
  return (text?.split(',').at(-1)?.trim() || ip).slice(0, 64)
}
