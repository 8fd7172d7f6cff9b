import type { catalogV1 } from '@weir/contracts'
import type { Deployment, Target } from '../deployment/deployment.entity.js'

/** A share may have decimals, and crosses as a whole number. */
const weightUnit = 1_000

const toTargets = (targets: Target[]): catalogV1.DeploymentTarget[] =>
  targets.map(({ model, weight, priority }) => ({
    ...{ model, weight: Math.round(weight * weightUnit), priority },
  }))

/** A deployment as the gateway gets it. */
export function deploymentToProto(deployment: Deployment): catalogV1.CatalogResource {
  const { id, organization, workspace, name, strategy, joinIdentical, retries } = deployment
  const { sticky, cache, health } = deployment
  return {
    deployment: {
      ...{ id, organization, workspace, name, strategy, joinIdentical, retries },
      targets: toTargets(deployment.targets),
      fallbacks: deployment.fallbacks.map(({ model = '', deployment: other = '', on }) => ({
        ...{ model, deployment: other, on },
      })),
      rules: deployment.rules.map(({ when, targets }) => ({ when, targets: toTargets(targets) })),
      timeoutMs: deployment.timeoutMs ?? 0,
      hedgeAfterMs: deployment.hedgeAfterMs ?? 0,
      ...(sticky && { sticky: { by: sticky.by, header: sticky.header ?? '' } }),
      ...(cache && { cache: { enabled: cache.enabled, ttlS: cache.ttlS ?? 0 } }),
      plugins: deployment.plugins.map(({ name: plugin, settings }) => ({
        ...{ name: plugin, settingsJson: JSON.stringify(settings) },
      })),
      health: {
        consecutiveFailures: health.consecutiveFailures,
        ejectMs: health.ejectForMs,
        checkIntervalMs: health.checkIntervalMs ?? 0,
      },
      created: String(Math.floor(deployment.createdAt.getTime() / 1000)),
    },
  }
}
