import type { GrpcClient, identityV1 } from '@weir/contracts'
import { AppError, type ErrorCode, errorTable } from '@weir/errors'
import { isVirtualKey } from '@weir/secrets'
import { hash } from 'node:crypto'
import type { CheckCredential } from './permission.guard.js'
import type { OrganizationRole, Principal, PrincipalKind, WorkspaceRole } from './principal.js'

/** The client of identity's CredentialService. */
export type CredentialClient = GrpcClient<typeof identityV1.CredentialServiceService>

/** Half of what a logout or a change of roles may take until it is in force everywhere. */
const keptMs = 500
const mostKept = 10_000

interface Kept {
  untilMs: number
  answer: Promise<Principal | undefined>
}

/** What a session, an access token or a JWT looks like; anything else is refused without asking anybody. */
const pattern = /^(?:(?:ses|oat)_[0-9A-Za-z_-]{43}|eyJ[\w-]+\.[\w-]+\.[\w-]+)$/

/**
 * Whether a credential may be worth a look. Throws endpoint_not_allowed for what only claims to be a
 * virtual key.
 */
export function isPossibleCredential(credential: string): boolean {
  if (isVirtualKey(credential)) return true
  if (credential.startsWith('vk_')) throw managementRefused()
  return credential.length <= 16_384 && pattern.test(credential)
}

/** The error for a virtual key that manages nothing. */
export function managementRefused(): AppError {
  return AppError.of('endpoint_not_allowed', managementRefusal)
}

/** Parameters of that error. */
export const managementRefusal = {
  endpoint: 'management routes',
  reason: 'management takes the master key, a session, or a virtual key of type management or default',
}

/** Asks identity who a credential belongs to; answers are kept for half a second, by the credential's full hash. */
export function remoteCredentials(client: CredentialClient): CheckCredential {
  const kept = new Map<string, Kept>()
  return async (credential) => {
    if (!isPossibleCredential(credential)) return undefined
    const id = hash('sha256', credential, 'base64')
    const now = performance.now()
    const known = kept.get(id)
    if (known && known.untilMs > now) return known.answer
    if (kept.size >= mostKept) kept.clear()
    const answer = ask(client, credential)
    // Counted from the question: the answer may be as old as that.
    kept.set(id, { untilMs: now + keptMs, answer })
    // What could not be answered is asked again at once.
    answer.catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'service_unavailable') kept.delete(id)
    })
    return answer
  }
}

async function ask(client: CredentialClient, credential: string): Promise<Principal | undefined> {
  let answer: identityV1.CheckCredentialResponse
  try {
    answer = await client.checkCredential({ credential })
  } catch (cause) {
    const reason =
      'Identity cannot be asked now whom the credential belongs to. Try again in a few seconds; the master key works meanwhile.'
    throw AppError.of('service_unavailable', { reason }, { retryAfterS: 2, cause })
  }
  if (answer.principal) return fromProto(answer.principal)
  throw refusalOf(answer)
}

function refusalOf({ refusal, refusalParameters }: identityV1.CheckCredentialResponse): AppError {
  const code = Object.hasOwn(errorTable, refusal) ? (refusal as ErrorCode) : 'invalid_api_key'
  return AppError.of(code, refusalParameters)
}

function fromProto(principal: identityV1.Principal): Principal {
  return {
    kind: principal.kind as PrincipalKind,
    id: principal.id,
    name: principal.name,
    organization: principal.organization,
    organizationRoles: principal.organizationRoles as OrganizationRole[],
    workspaceRoles: new Map(Object.entries(principal.workspaceRoles as Record<string, WorkspaceRole>)),
    credential: principal.credential,
    ...(principal.sourceNetworks.length > 0 && { sourceNetworks: principal.sourceNetworks }),
  }
}
