/** Which service owns the REST resources below a path prefix. */
export interface RestRoute {
  /** Whole segments; `{id}` stands for any one of them. */
  prefix: string
  service: 'identity' | 'catalog' | 'policy' | 'metering' | 'aggregator'
}

/**
 * One origin for all REST: the gateway forwards by this table when no ingress stands in front, and
 * the ingress's own routes are made from it.
 */
export const restRoutes: readonly RestRoute[] = [
  // A resource below another service's comes first: the first match counts.
  { prefix: '/v1/workspaces/{id}/models', service: 'catalog' },
  { prefix: '/v1/providers/{id}/stats', service: 'metering' },
  { prefix: '/v1/repositories/{id}/stats', service: 'metering' },
  { prefix: '/v1/organizations/{id}/budget', service: 'policy' },
  { prefix: '/v1/teams/{id}/budget', service: 'policy' },
  { prefix: '/v1/workspaces/{id}/budget', service: 'policy' },
  { prefix: '/v1/workloads/{id}/budget', service: 'policy' },
  { prefix: '/v1/keys/{id}/budget', service: 'policy' },
  { prefix: '/v1/organizations', service: 'identity' },
  { prefix: '/v1/setup', service: 'identity' },
  { prefix: '/v1/sessions', service: 'identity' },
  { prefix: '/v1/oauth', service: 'identity' },
  { prefix: '/v1/users', service: 'identity' },
  { prefix: '/v1/service-accounts', service: 'identity' },
  { prefix: '/v1/invitations', service: 'identity' },
  { prefix: '/v1/teams', service: 'identity' },
  { prefix: '/v1/workspaces', service: 'identity' },
  { prefix: '/v1/workloads', service: 'identity' },
  { prefix: '/v1/keys', service: 'identity' },
  { prefix: '/v1/audit', service: 'identity' },
  { prefix: '/v1/providers', service: 'catalog' },
  { prefix: '/v1/models', service: 'catalog' },
  { prefix: '/v1/deployments', service: 'catalog' },
  { prefix: '/v1/repositories', service: 'catalog' },
  { prefix: '/v1/budgets', service: 'policy' },
  { prefix: '/v1/policies', service: 'policy' },
  { prefix: '/v1/usage', service: 'metering' },
  { prefix: '/v1/requests', service: 'metering' },
  { prefix: '/v1/costs', service: 'aggregator' },
]

const patterns = restRoutes.map((route) => ({
  route,
  pattern: new RegExp(`^${route.prefix.replaceAll(/\{\w+\}/g, '[^/]+')}(/|$)`),
}))

/** The route of a raw path, by whole segments: `/v1/keysmith` is not below `/v1/keys`. */
export function findRestRoute(path: string): RestRoute | undefined {
  return patterns.find(({ pattern }) => pattern.test(path))?.route
}
