import type { policyV1 } from '@weir/contracts'
import type { Policy } from '../policy/policy.entity.js'

/** Whether a policy judges a content. The gateway asks itself the same of its snapshot, before it asks here. */
export function covers(policy: Policy, request: policyV1.EvaluateRequest): boolean {
  const { mode, appliesTo, workspace, repository, deployments, workloads, models } = policy
  if (mode === 'off' || (appliesTo !== 'both' && appliesTo !== request.direction)) return false
  if (workspace !== null && workspace !== request.workspace) return false
  if (repository !== null && !isOneOf([repository], [request.repositoryId, request.repository])) return false
  if (deployments.length > 0 && !isOneOf(deployments, [request.deploymentId, request.deployment]))
    return false
  if (workloads.length > 0 && !isOneOf(workloads, [request.workload])) return false
  return models.length === 0 || isOneOf(models, request.models)
}

const isOneOf = (allowed: readonly string[], values: readonly string[]): boolean =>
  values.some((value) => value !== '' && allowed.includes(value))
