import { AppError } from '@weir/errors'
import { type Permission, permissions } from './permissions.js'
import type { Caller, OrganizationRole, Principal, WorkspaceRole } from './principal.js'

type Reach = 'everywhere' | 'nowhere' | readonly string[]

/** Where a principal holds a permission: everywhere, nowhere, or in these workspaces. */
export function reachOf(principal: Principal, permission: Permission): Reach {
  const row = permissions[permission]
  const inOrganization: readonly OrganizationRole[] = row.organization
  const inWorkspace: readonly WorkspaceRole[] = row.workspace
  if (principal.organizationRoles.some((role) => inOrganization.includes(role))) return 'everywhere'
  const workspaces = [...principal.workspaceRoles].flatMap(([id, role]) =>
    inWorkspace.includes(role) ? [id] : [],
  )
  if (workspaces.length === 0) return 'nowhere'
  return row.scope === 'organization' ? 'everywhere' : workspaces
}

/** What is seen by whoever may do a thing: `key.manage` is about what `key.read` shows. */
function readingOf(permission: Permission): Permission {
  const reading = `${permission.slice(0, permission.indexOf('.'))}.read`
  return reading in permissions ? (reading as Permission) : permission
}

/** The caller of a route that needs a permission. Throws permission_denied when it is held nowhere. */
export function toCaller(principal: Principal, permission: Permission): Caller {
  const permitted = reachOf(principal, permission)
  if (permitted === 'nowhere') throw permissionDenied(permission)
  const visible = reachOf(principal, readingOf(permission))
  return {
    organization: principal.organization,
    principal,
    ...(typeof visible !== 'string' && { visible }),
    ...(typeof permitted !== 'string' && { permitted }),
  }
}

/** The error for a role that is too small. */
export function permissionDenied(what: string): AppError {
  return AppError.of('permission_denied', { permission: what })
}

/** Whether a caller may see what belongs to a workspace; null: what is shared by all of them. */
export function isVisible({ visible }: Caller, workspace: string | null): boolean {
  return visible === undefined || workspace === null || visible.includes(workspace)
}

/**
 * Lets a caller change what belongs to a workspace, which it has been seen to see; null: what is
 * shared by all workspaces, which takes a role in the organization. Throws permission_denied.
 */
export function authorizeIn({ permitted }: Caller, workspace: string | null): void {
  if (permitted === undefined || (workspace !== null && permitted.includes(workspace))) return
  throw permissionDenied(
    workspace === null ? 'to change what all workspaces share' : 'to do so in this workspace',
  )
}
