import type { KeyRights } from './key-rights.js'
import { type Refusal, refusal } from './refusal.js'

/** A deployment, as far as it matters who may call it. */
export interface DeploymentFacts {
  readonly name: string
  /** Workspace id. */
  readonly workspace: string
}

/** A repository, as far as it matters who may call it. */
export interface RepositoryFacts {
  readonly name: string
  /** Workspace id. */
  readonly workspace: string
  /** Ids of its providers. */
  readonly providers: ReadonlySet<string>
}

/** Where a virtual key is used. */
export interface KeyPlace {
  /** As the caller wrote it, for the message. */
  readonly path: string
  /** Name of the repository in the path; undefined: none, it is plain /v1. */
  readonly repositoryName: string | undefined
  /** The repository of that name in the key's organization; undefined: there is none. */
  readonly repository: RepositoryFacts | undefined
}

/** Why a virtual key may not be used at a place; undefined when nothing speaks against it. */
export function findPlaceRefusal(key: KeyRights, place: KeyPlace): Refusal | undefined {
  const { repositories } = key
  const { path, repositoryName: name, repository } = place
  if (name === undefined) {
    if (!repositories || repositories.size === 0) return undefined
    const paths = [...repositories].map((one) => `/r/${one}/v1`).join(', ')
    return refusal('endpoint_not_allowed', { endpoint: path, reason: `it works only below ${paths}` })
  }
  // A repository of another workspace is as good as none.
  if (repository?.workspace !== key.workspace) {
    return refusal('repository_not_found', { repository: name })
  }
  if (!repositories || repositories.has(name)) return undefined
  const reason = `the repository \`${name}\` is not among those of its virtual key`
  return refusal('endpoint_not_allowed', { endpoint: path, reason })
}

/** Why a model cannot be called below a repository: none of the repository's providers serves it. */
export function findRepositoryModelRefusal(
  repository: RepositoryFacts,
  { name, providerId }: { readonly name: string; readonly providerId: string },
): Refusal | undefined {
  return repository.providers.has(providerId)
    ? undefined
    : refusal('model_not_found', { model: name }, 'model')
}

/** Why a virtual key may not call a deployment, which has been found in its workspace. */
export function findDeploymentRefusal(key: KeyRights, deployment: DeploymentFacts): Refusal | undefined {
  const isAllowed =
    deployment.workspace === key.workspace && (!key.deployments || key.deployments.has(deployment.name))
  return isAllowed ? undefined : refusal('deployment_not_allowed', { deployment: deployment.name }, 'model')
}

/**
 * Whether a key's own models hold for the targets of deployments too. They do unless the key names
 * its deployments, or has an empty list of models, which means that it calls deployments alone:
 * otherwise a new deployment would give a key of few models all others.
 */
export function limitsTargets({ deployments, models }: Pick<KeyRights, 'deployments' | 'models'>): boolean {
  return deployments === undefined && !models.all && models.names.size > 0
}
