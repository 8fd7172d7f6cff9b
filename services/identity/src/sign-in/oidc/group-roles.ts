import type { OrganizationRole, WorkspaceRole } from '@weir/http'
import type { EntityManager } from 'typeorm'
import { isAtLeast } from '../../role/rank.js'
import { findWorkspace } from '../../workspace/workspace.service.js'
import type { OidcSettings } from './oidc-settings.js'

/** What somebody may do because of groups. */
export interface RolesOfGroups {
  /** Undefined: no group decides about the organization, and roles there are given here. */
  organizationRoles: OrganizationRole[] | undefined
  /** By workspace id. */
  workspaceRoles: Map<string, WorkspaceRole>
  /** Every workspace that groups decide about, whether these ones or others. */
  decided: string[]
}

/** The roles that the groups in a token's claims give; of several in one workspace the highest. */
export async function rolesOfGroups(
  manager: EntityManager,
  { groupsClaim, groupRoles }: OidcSettings,
  { organization, claims }: { organization: string; claims: Record<string, unknown> },
): Promise<RolesOfGroups> {
  const claim = claims[groupsClaim]
  const groups: unknown[] = Array.isArray(claim) ? claim : [claim]
  const found: RolesOfGroups = { organizationRoles: undefined, workspaceRoles: new Map(), decided: [] }
  for (const { group, workspace: idOrName, role } of groupRoles) {
    const isIn = groups.includes(group)
    if (idOrName === undefined) {
      found.organizationRoles ??= []
      if (isIn && !found.organizationRoles.includes(role)) found.organizationRoles.push(role)
      continue
    }
    const workspace = await findWorkspace(manager, { organization }, idOrName)
    if (!workspace) continue
    found.decided.push(workspace.id)
    const other = found.workspaceRoles.get(workspace.id)
    if (isIn && (!other || isAtLeast(role, other))) found.workspaceRoles.set(workspace.id, role)
  }
  return found
}
