import type { Attempt } from '@weir/audit'
import type { AppError } from '@weir/errors'
import type { FastifyRequest } from 'fastify'
import { callerOf, defaultOrganization } from './caller.js'
import { actorOf, isWrite } from './request-scope.js'

const maxIdLength = 200

/** What is shown once, such as the end of an invitation's link; ids have 26 characters after their prefix. */
const secretId = /^[a-z]+_[\w-]{32,}$/

/** Resources whose kind is another word than their path. */
const kinds: Record<string, string> = { keys: 'virtual_key', policies: 'policy', setup: 'setup' }

const actions: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'update', DELETE: 'delete' }

/** Of a request that was answered with an error, what goes on record; undefined: it would have changed nothing. */
export function attemptOf(request: FastifyRequest, error: AppError): Attempt | undefined {
  // Without a route there is nothing that could have been changed.
  if (!isWrite(request) || error.code === 'route_not_found') return undefined
  const caller = callerOf(request)
  return {
    organization: caller?.organization ?? defaultOrganization,
    actor: actorOf(request, caller),
    ...describe(request),
    status: error.status,
    errorCode: error.code,
  }
}

/** `/v1/workspaces/:id/members/:user` is about a member; `/v1/keys/:id/rotate` rotates a key. */
function describe({
  method,
  routeOptions,
  params,
}: FastifyRequest): Omit<Attempt, 'organization' | 'actor' | 'status' | 'errorCode'> {
  const segments = (routeOptions.url ?? '').split('/').filter((segment) => segment !== '' && segment !== 'v1')
  const names = segments.filter((segment) => !segment.startsWith(':'))
  const last = segments.at(-1) ?? ''
  const isVerb = method === 'POST' && names.length > 1 && !last.startsWith(':') && !last.endsWith('s')
  const noun = (isVerb ? names.at(-2) : names.at(-1)) ?? ''
  const id = Object.values((params ?? {}) as Record<string, string>).at(-1) ?? ''
  return {
    resource: kinds[noun] ?? noun.replace(/s$/, '').replaceAll('-', '_'),
    resourceId: secretId.test(id) ? '[secret]' : id.replaceAll('\0', '').slice(0, maxIdLength),
    action: isVerb ? last : (actions[method] ?? method.toLowerCase()),
  }
}
