import type { OrganizationRole, WorkspaceRole } from './principal.js'

/** Who holds a permission. */
interface PermissionRow {
  /**
   * `workspace`: a role in a workspace gives it there, one in the organization everywhere.
   * `organization`: it is about what belongs to no workspace; a role in any workspace gives it whole.
   */
  readonly scope: 'organization' | 'workspace'
  readonly organization: readonly OrganizationRole[]
  readonly workspace: readonly WorkspaceRole[]
}

const row = (
  scope: PermissionRow['scope'],
  organization: readonly OrganizationRole[],
  workspace: readonly WorkspaceRole[] = [],
): PermissionRow => ({ scope, organization, workspace })

const managers = ['owner', 'admin'] as const
const overseers = ['owner', 'admin', 'auditor'] as const
const anyOrganization = ['owner', 'admin', 'billing', 'auditor'] as const
const anyWorkspace = ['owner', 'admin', 'member', 'viewer'] as const

/** Every permission there is; the one table that guards, docs and tests are made from. */
export const permissions = {
  'organization.read': row('organization', anyOrganization, anyWorkspace),
  'organization.manage': row('organization', managers),
  'user.read': row('organization', overseers),
  'user.manage': row('organization', managers),
  'service_account.read': row('organization', overseers),
  'service_account.manage': row('organization', managers),
  'team.read': row('organization', anyOrganization, anyWorkspace),
  'team.manage': row('organization', managers),
  'workspace.read': row('workspace', anyOrganization, anyWorkspace),
  'workspace.create': row('organization', managers),
  'workspace.manage': row('workspace', managers, managers),
  'workspace.delete': row('workspace', managers, ['owner']),
  'member.read': row('workspace', overseers, anyWorkspace),
  'member.manage': row('workspace', managers, managers),
  'workload.read': row('workspace', anyOrganization, anyWorkspace),
  'workload.manage': row('workspace', managers, managers),
  'key.read': row('workspace', anyOrganization, anyWorkspace),
  'key.manage': row('workspace', managers, managers),
  'provider.read': row('workspace', anyOrganization, anyWorkspace),
  'provider.manage': row('workspace', managers, managers),
  'model.read': row('workspace', anyOrganization, anyWorkspace),
  'model.manage': row('organization', managers),
  'whitelist.read': row('workspace', anyOrganization, anyWorkspace),
  'whitelist.manage': row('workspace', managers, managers),
  'deployment.read': row('workspace', anyOrganization, anyWorkspace),
  'deployment.manage': row('workspace', managers, managers),
  'repository.read': row('workspace', anyOrganization, anyWorkspace),
  'repository.manage': row('workspace', managers, managers),
  'budget.read': row('organization', anyOrganization),
  'budget.manage': row('organization', ['owner', 'admin', 'billing']),
  // Whoever works in a workspace sees the budgets that its virtual keys are paid from.
  'budget_status.read': row('workspace', anyOrganization, anyWorkspace),
  'policy.read': row('workspace', overseers, anyWorkspace),
  'policy.manage': row('workspace', managers, managers),
  'violation.read': row('workspace', overseers, ['owner', 'admin', 'member']),
  'violation.review': row('workspace', managers, managers),
  'usage.read': row('workspace', anyOrganization, anyWorkspace),
  'cost.read': row('workspace', anyOrganization, anyWorkspace),
  'request.read': row('workspace', overseers, anyWorkspace),
  'audit.read': row('organization', overseers),
} as const satisfies Record<string, PermissionRow>

export type Permission = keyof typeof permissions

/** What a route needs: a permission, only somebody who is known (`authenticated`), or nothing (`public`). */
export type RouteRight = Permission | 'authenticated' | 'public'

/** Every management route, as `METHOD /path/:parameter`. One that has no row here is refused to everybody. */
export const routeRights: Readonly<Record<string, RouteRight>> = {
  'GET /v1/organizations': 'organization.read',
  'GET /v1/organizations/:id': 'organization.read',
  'PATCH /v1/organizations/:id': 'organization.manage',

  'POST /v1/setup': 'public',
  'POST /v1/sessions': 'public',
  'GET /v1/sessions/oidc': 'public',
  'GET /v1/sessions/oidc/callback': 'public',
  'GET /v1/sessions/current': 'authenticated',
  'DELETE /v1/sessions/current': 'authenticated',
  'POST /v1/oauth/token': 'public',
  'GET /v1/invitations/:link': 'public',
  'POST /v1/invitations/:link': 'public',

  'GET /v1/users': 'user.read',
  'POST /v1/users': 'user.manage',
  'POST /v1/users/me/password': 'authenticated',
  'GET /v1/users/:id': 'user.read',
  'PATCH /v1/users/:id': 'user.manage',
  'DELETE /v1/users/:id': 'user.manage',
  'GET /v1/service-accounts': 'service_account.read',
  'POST /v1/service-accounts': 'service_account.manage',
  'GET /v1/service-accounts/:id': 'service_account.read',
  'PATCH /v1/service-accounts/:id': 'service_account.manage',
  'DELETE /v1/service-accounts/:id': 'service_account.manage',

  'GET /v1/teams': 'team.read',
  'POST /v1/teams': 'team.manage',
  'GET /v1/teams/:id': 'team.read',
  'PATCH /v1/teams/:id': 'team.manage',
  'DELETE /v1/teams/:id': 'team.manage',

  'GET /v1/workspaces': 'workspace.read',
  'POST /v1/workspaces': 'workspace.create',
  'GET /v1/workspaces/:id': 'workspace.read',
  'PATCH /v1/workspaces/:id': 'workspace.manage',
  'DELETE /v1/workspaces/:id': 'workspace.delete',
  'POST /v1/workspaces/:id/restore': 'workspace.create',
  'GET /v1/workspaces/:id/members': 'member.read',
  'POST /v1/workspaces/:id/members': 'member.manage',
  'PATCH /v1/workspaces/:id/members/:user': 'member.manage',
  'DELETE /v1/workspaces/:id/members/:user': 'member.manage',
  'GET /v1/workspaces/:id/models': 'whitelist.read',
  'POST /v1/workspaces/:id/models': 'whitelist.manage',
  'GET /v1/workspaces/:id/models/:model': 'whitelist.read',
  'PATCH /v1/workspaces/:id/models/:model': 'whitelist.manage',
  'DELETE /v1/workspaces/:id/models/:model': 'whitelist.manage',
  'GET /v1/workspaces/:id/invitations': 'member.read',
  'POST /v1/workspaces/:id/invitations': 'member.manage',
  'DELETE /v1/workspaces/:id/invitations/:invitation': 'member.manage',

  'GET /v1/workloads': 'workload.read',
  'POST /v1/workloads': 'workload.manage',
  'GET /v1/workloads/:id': 'workload.read',
  'PATCH /v1/workloads/:id': 'workload.manage',
  'DELETE /v1/workloads/:id': 'workload.manage',

  'GET /v1/keys': 'key.read',
  'POST /v1/keys': 'key.manage',
  'GET /v1/keys/:id': 'key.read',
  'PATCH /v1/keys/:id': 'key.manage',
  'DELETE /v1/keys/:id': 'key.manage',
  'POST /v1/keys/:id/rotate': 'key.manage',
  'GET /v1/keys/:id/effective': 'key.read',

  'GET /v1/budgets': 'budget.read',
  'POST /v1/budgets': 'budget.manage',
  'GET /v1/budgets/:id': 'budget.read',
  'PATCH /v1/budgets/:id': 'budget.manage',
  'DELETE /v1/budgets/:id': 'budget.manage',
  'GET /v1/organizations/:id/budget': 'budget_status.read',
  'GET /v1/teams/:id/budget': 'budget_status.read',
  'GET /v1/workspaces/:id/budget': 'budget_status.read',
  'GET /v1/workloads/:id/budget': 'budget_status.read',
  'GET /v1/keys/:id/budget': 'budget_status.read',

  'GET /v1/policies': 'policy.read',
  'POST /v1/policies': 'policy.manage',
  'POST /v1/policies/plan': 'authenticated',
  'GET /v1/policies/:id': 'policy.read',
  'PATCH /v1/policies/:id': 'policy.manage',
  'DELETE /v1/policies/:id': 'policy.manage',
  'GET /v1/policies/:id/versions': 'policy.read',
  'GET /v1/policies/violations': 'violation.read',
  'GET /v1/policies/violations/counts': 'violation.read',
  'GET /v1/policies/violations/:id': 'violation.read',
  'PATCH /v1/policies/violations/:id': 'violation.review',

  'GET /v1/providers': 'provider.read',
  'POST /v1/providers': 'provider.manage',
  'GET /v1/providers/:id': 'provider.read',
  'PATCH /v1/providers/:id': 'provider.manage',
  'DELETE /v1/providers/:id': 'provider.manage',
  'POST /v1/providers/:id/validate': 'provider.manage',

  'GET /v1/models': 'model.read',
  'POST /v1/models': 'model.manage',
  'GET /v1/models/:id': 'model.read',
  'PATCH /v1/models/:id': 'model.manage',
  'DELETE /v1/models/:id': 'model.manage',
  'GET /v1/models/:id/versions': 'model.read',
  'POST /v1/models/:id/versions': 'model.manage',
  'GET /v1/models/:id/versions/:version': 'model.read',
  'POST /v1/models/:id/versions/:version/promote': 'model.manage',
  'POST /v1/models/:id/versions/:version/canary': 'model.manage',
  'POST /v1/models/:id/rollback': 'model.manage',
  'GET /v1/models/:id/history': 'model.read',

  'GET /v1/deployments': 'deployment.read',
  'POST /v1/deployments': 'deployment.manage',
  'GET /v1/deployments/:id': 'deployment.read',
  'PATCH /v1/deployments/:id': 'deployment.manage',
  'DELETE /v1/deployments/:id': 'deployment.manage',
  // The gateway answers, once the catalog has said that the caller may read the deployment.
  'GET /v1/deployments/:id/health': 'deployment.read',

  'GET /v1/providers/:id/stats': 'usage.read',
  'GET /v1/repositories/:id/stats': 'usage.read',
  'GET /v1/repositories': 'repository.read',
  'POST /v1/repositories': 'repository.manage',
  'GET /v1/repositories/:id': 'repository.read',
  'PATCH /v1/repositories/:id': 'repository.manage',
  'DELETE /v1/repositories/:id': 'repository.manage',

  'GET /v1/usage': 'usage.read',
  'GET /v1/requests': 'request.read',
  'GET /v1/requests/:request_id': 'request.read',
  'GET /v1/costs': 'cost.read',

  'GET /v1/audit': 'audit.read',
  'GET /v1/audit/verify': 'audit.read',
}

/** What a route needs; undefined: it is in no table and open to nobody. */
export function findRight(method: string, path: string): RouteRight | undefined {
  const route = `${method === 'HEAD' ? 'GET' : method} ${path}`
  return Object.hasOwn(routeRights, route) ? routeRights[route] : undefined
}
