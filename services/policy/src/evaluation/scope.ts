import type { policyV1 } from '@weir/contracts'
import { policyCovers } from '@weir/rights'
import type { Policy } from '../policy/policy.entity.js'

/** Whether a policy judges a content. */
export function covers(policy: Policy, request: policyV1.EvaluateRequest): boolean {
  const { mode, appliesTo } = policy
  if (mode === 'off' || (appliesTo !== 'both' && appliesTo !== request.direction)) return false
  return policyCovers(policy, {
    ...{ organization: request.organization, workspace: request.workspace, workload: request.workload },
    repository: [request.repositoryId, request.repository],
    deployment: [request.deploymentId, request.deployment],
    models: request.models,
  })
}
