import { defaultOrganization } from '@weir/http'
import { type Refusal, refusal, toModelSet } from '@weir/rights'
import type { JWTPayload } from 'jose'
import { hash } from 'node:crypto'
import type { IdentityState, KnownKey, KnownWorkspace } from '../snapshot/identity-state.js'
import type { JwtSettings } from './jwt-settings.js'

/** Longer than any id or name. */
const maxClaimLength = 200

/** Longest subject that is shown as it is. */
const plainSubject = /^[\x21-\x7e]{1,150}$/

/**
 * What stands for a virtual key in usage events, reports and limits: `jwt:` and the subject; of a subject
 * that is long, or no plain text, its hash.
 */
export function keyIdOf(subject: string): string {
  return plainSubject.test(subject) ? `jwt:${subject}` : `jwt:sha256:${hash('sha256', subject, 'base64url')}`
}

type Claims = Pick<JwtSettings, 'workspaceClaim' | 'teamClaim' | 'workloadClaim' | 'requiresUser' | 'issuer'>

/**
 * The rights of a JWT as those of a virtual key: of the workspace, team and workload that its claims name,
 * and, where its subject is a user, personal: good as long as the user is a member. Whatever is missing
 * refuses it.
 */
export function toJwtRights(
  payload: JWTPayload & { sub: string },
  claims: Claims,
  state: IdentityState,
): { rights: Omit<KnownKey, 'usedIn'> } | Refusal {
  const user = state.findUser(`${claims.issuer.href} ${payload.sub}`)
  const organization = user?.organization ?? defaultOrganization
  const named = readClaim(payload, claims.workspaceClaim)
  if (named === undefined) return refused(`it has no claim \`${claims.workspaceClaim}\` with a workspace`)
  const workspace = findWorkspace(state, organization, named)
  if (!workspace) return refused(`its claim \`${claims.workspaceClaim}\` names no workspace that there is`)
  const notMember = findMembershipRefusal(state, { user, workspace, claims })
  if (notMember) return notMember
  const workload = readClaim(payload, claims.workloadClaim) ?? ''
  if (workload !== '' && state.findWorkload(workload)?.workspace !== workspace.id)
    return refused(`its claim \`${claims.workloadClaim}\` names no workload of its workspace`)
  const team = readClaim(payload, claims.teamClaim) ?? ''
  if (team !== '' && state.findTeam(team)?.organization !== organization)
    return refused(`its claim \`${claims.teamClaim}\` names no team that there is`)
  return {
    rights: {
      ...{ id: keyIdOf(payload.sub), organization, workspace: workspace.id, workload, team, type: 'llm' },
      ...{ disabled: false, expiresAtMs: 0, models: toModelSet(null), endpoints: [], sources: undefined },
      valueUntilMs: 0,
    },
  }
}

function findMembershipRefusal(
  state: IdentityState,
  about: { user: ReturnType<IdentityState['findUser']>; workspace: KnownWorkspace; claims: Claims },
): Refusal | undefined {
  const { user, workspace, claims } = about
  if (!user) return claims.requiresUser ? refused('its subject is no user') : undefined
  if (user.disabled) return refused('its user is disabled')
  return state.isMember(workspace.id, user.id) ? undefined : refused('its user is no member of its workspace')
}

function findWorkspace(
  state: IdentityState,
  organization: string,
  idOrName: string,
): KnownWorkspace | undefined {
  const workspace = state.findWorkspace(idOrName) ?? state.findWorkspaceByName(organization, idOrName)
  return workspace?.organization === organization ? workspace : undefined
}

function readClaim(payload: JWTPayload, name: string): string | undefined {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined
  return typeof value === 'string' && value !== '' && value.length <= maxClaimLength ? value : undefined
}

const refused = (why: string): Refusal =>
  refusal('endpoint_not_allowed', { endpoint: 'inference routes', reason: `of this token, ${why}` })
