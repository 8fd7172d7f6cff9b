/** Where a policy applies; what is empty narrows nothing. */
export interface PolicyReach {
  readonly workspace: string | null
  /** By id or by name, as all that follow. */
  readonly repository: string | null
  readonly deployments: readonly string[]
  readonly workloads: readonly string[]
  readonly models: readonly string[]
}

/** What a request is, as far as policies tell requests apart. */
export interface JudgedRequest {
  readonly organization: string
  readonly workspace: string
  /** Empty: none. */
  readonly workload: string
  /** Id and name of the repository that is called; empty: none. */
  readonly repository: readonly string[]
  /** Id and name of the deployment that is called; empty: none. */
  readonly deployment: readonly string[]
  /** Public names of all models that may answer it. */
  readonly models: readonly string[]
}

/**
 * Whether a policy of the request's organization judges the request. The gateway asks before it asks the
 * policy service, which asks again: one of them alone would judge other requests than it says.
 */
export function policyCovers(reach: PolicyReach, request: JudgedRequest): boolean {
  const { workspace, repository, deployments, workloads, models } = reach
  if (workspace && workspace !== request.workspace) return false
  if (repository && !isOneOf([repository], request.repository)) return false
  if (deployments.length > 0 && !isOneOf(deployments, request.deployment)) return false
  if (workloads.length > 0 && !isOneOf(workloads, [request.workload])) return false
  return models.length === 0 || isOneOf(models, request.models)
}

const isOneOf = (allowed: readonly string[], values: readonly string[]): boolean =>
  values.some((value) => value !== '' && allowed.includes(value))
