import {
  type OrganizationRole,
  permissionDenied,
  type Principal,
  type WorkspaceRole,
  workspaceRoles,
} from '@weir/http'

/** Whether one role in a workspace is at least as much as another. */
export function isAtLeast(role: WorkspaceRole, other: WorkspaceRole): boolean {
  return workspaceRoles.indexOf(role) <= workspaceRoles.indexOf(other)
}

/** The role in a workspace that somebody acts with; those who manage the organization own every workspace. */
export function roleIn(
  principal: Pick<Principal, 'organizationRoles' | 'workspaceRoles'> | undefined,
  workspace: string,
): WorkspaceRole | undefined {
  const isManager = principal?.organizationRoles.some((role) => role === 'owner' || role === 'admin')
  return isManager ? 'owner' : principal?.workspaceRoles.get(workspace)
}

/** Refuses to give, change or take away a role in a workspace that is more than one's own. */
export function refuseWiderRole(
  principal: Principal | undefined,
  workspace: string,
  role: WorkspaceRole,
): void {
  const own = roleIn(principal, workspace)
  if (!own || !isAtLeast(own, role))
    throw permissionDenied(`to act on the role ${role}, which is above your own`)
}

/** Refuses to give, change or take away the organization's owners to all but owners. */
export function refuseWiderRoles(
  principal: Principal | undefined,
  ...sets: (readonly OrganizationRole[])[]
): void {
  if (principal?.organizationRoles.includes('owner')) return
  if (sets.some((roles) => roles.includes('owner')))
    throw permissionDenied('to act on the role owner, which is above your own')
}
