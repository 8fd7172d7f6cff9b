/** Which service owns the REST resources below a path prefix. */
export interface RestRoute {
  prefix: string
  service: 'identity' | 'catalog' | 'policy' | 'metering' | 'aggregator'
}

/**
 * One origin for all REST: the gateway forwards by this table when no ingress stands in front, and
 * the ingress's own routes are made from it.
 */
export const restRoutes: readonly RestRoute[] = [
  { prefix: '/v1/organizations', service: 'identity' },
  { prefix: '/v1/teams', service: 'identity' },
  { prefix: '/v1/workspaces', service: 'identity' },
  { prefix: '/v1/workloads', service: 'identity' },
  { prefix: '/v1/keys', service: 'identity' },
  { prefix: '/v1/providers', service: 'catalog' },
  { prefix: '/v1/models', service: 'catalog' },
  { prefix: '/v1/usage', service: 'metering' },
  { prefix: '/v1/requests', service: 'metering' },
  { prefix: '/v1/costs', service: 'aggregator' },
]

/** The route of a raw path, by whole segments: `/v1/keysmith` is not below `/v1/keys`. */
export function findRestRoute(path: string): RestRoute | undefined {
  return restRoutes.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
}
