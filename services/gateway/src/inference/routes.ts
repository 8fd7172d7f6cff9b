import type { AdmittedRoute } from '../admission/admitted-route.js'
import { AppError } from '@weir/errors'
import {
  findDeploymentRefusal,
  findGovernanceRefusal,
  findModelRefusal,
  findPlaceRefusal,
  findRepositoryModelRefusal,
  findTargetRefusal,
  findTargetsRefusal,
  findUnreadiness,
  type Governance,
  type ModelUse,
  type Refusal,
  toError,
} from '@weir/rights'
import { Deployments } from '../routing/deployments.js'
import { DirectPlan, type Plan } from '../routing/plan.js'
import {
  chooseVersion,
  type KnownModel,
  type KnownProvider,
  type KnownRepository,
  type KnownWhitelistEntry,
} from '../snapshot/catalog-state.js'
import type { KnownDeployment } from '../snapshot/known-deployment.js'
import type { KnownKey, TeamLine } from '../snapshot/identity-state.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import type { InferenceCall } from './endpoint.js'
import type { Listed } from './model-list.js'

/** What is known of the use of a model. */
interface KnownUse extends ModelUse {
  model: KnownModel | undefined
  provider: KnownProvider | undefined
  entry: KnownWhitelistEntry | undefined
}

/** The step "find the route": effective models = whitelist ∩ workload ∩ team ∩ virtual key. */
export class Routes {
  readonly deployments: Deployments

  constructor(
    private readonly snapshots: Pick<Snapshots, 'identity' | 'catalog'>,
    private readonly budgetLeftRatio: (who: { key: KnownKey; team: TeamLine }) => number,
  ) {
    this.deployments = new Deployments(
      (id) => snapshots.catalog.state.findDeploymentById(id),
      (id) => {
        const model = snapshots.catalog.state.findModelById(id)
        const provider = model && snapshots.catalog.state.findProvider(model.provider)
        return provider && { model, provider }
      },
    )
    this.deployments.exportMetrics()
  }

  /** The repository that is called, when a key works there. @throws AppError endpoint_not_allowed, repository_not_found */
  findPlace(key: KnownKey, path: string, name: string | undefined): KnownRepository | undefined {
    const repository =
      name === undefined ? undefined : this.snapshots.catalog.state.findRepository(key.organization, name)
    const refused = findPlaceRefusal(key, { path, repositoryName: name, repository })
    if (refused) throw toError(refused)
    return repository
  }

  /** The targets of a call. @throws AppError model_not_found, model_not_allowed, deployment_not_allowed, … */
  plan(key: KnownKey, call: InferenceCall, repository: KnownRepository | undefined): Plan {
    const { state } = this.snapshots.catalog
    const name = call.document.model
    const deployment = repository ? undefined : state.findDeployment(key.organization, key.workspace, name)
    if (deployment) return this.planDeployment(key, call, deployment)
    const governance = this.governanceOf(key)
    const use = this.toUse(key, name, state.findModel(key.organization, name))
    const refused =
      findModelRefusal(governance, use) ??
      (repository && findRepositoryModelRefusal(repository, use)) ??
      findUnreadiness(use)
    if (refused) throw toError(refused)
    return new DirectPlan(
      toRoute(key, governance.team, use, { endpoint: call.endpoint, repository: repository?.name }),
    )
  }

  private planDeployment(key: KnownKey, call: InferenceCall, deployment: KnownDeployment): Plan {
    const { state } = this.snapshots.catalog
    const governance = this.governanceOf(key)
    let refused = findGovernanceRefusal(governance) ?? findDeploymentRefusal(key, deployment)
    if (refused) throw toError(refused)
    const plan = this.deployments.plan(
      deployment,
      call,
      (id) => {
        const model = state.findModelById(id)
        const use = this.toUse(key, model?.name ?? id, model)
        const refusal = findTargetRefusal(governance, use)
        refused ??= refusal
        const { name } = deployment
        return refusal
          ? undefined
          : toRoute(key, governance.team, use, { endpoint: call.endpoint, deployment: name })
      },
      () => {
        const { team } = governance
        return team ? this.budgetLeftRatio({ key, team }) : 1
      },
    )
    if (plan) return plan
    throw refused ? toError(refused) : AppError.of('model_not_found', { model: deployment.name })
  }

  /** What a key may call: models, and the aliases of deployments. */
  list(key: KnownKey, repository: KnownRepository | undefined): Listed[] {
    const governance = this.governanceOf(key)
    const refused = findGovernanceRefusal(governance)
    if (refused) throw toError(refused)
    const { state } = this.snapshots.catalog
    const models = state
      .listModels(key.organization)
      .filter((model) => !repository || repository.providers.has(model.provider))
      .filter((model) => findModelRefusal(governance, this.toUse(key, model.name, model)) === undefined)
    if (repository) return models
    const deployments = state
      .listDeployments(key.workspace)
      .filter((deployment) => this.findRefusal(key, governance, deployment) === undefined)
    return [...deployments, ...models]
  }

  /** One of what a key may call, by its name. */
  get(key: KnownKey, name: string, repository: KnownRepository | undefined): Listed {
    const { state } = this.snapshots.catalog
    const governance = this.governanceOf(key)
    const deployment = repository ? undefined : state.findDeployment(key.organization, key.workspace, name)
    const model = deployment ? undefined : state.findModel(key.organization, name)
    const use = this.toUse(key, name, model)
    const refused = deployment
      ? (findGovernanceRefusal(governance) ?? this.findRefusal(key, governance, deployment))
      : (findModelRefusal(governance, use) ?? (repository && findRepositoryModelRefusal(repository, use)))
    if (refused) throw toError(refused)
    return deployment ?? (model as KnownModel)
  }

  /** Name of a model's provider; a deployment has none. */
  ownerOf(listed: Listed): string {
    return 'provider' in listed
      ? (this.snapshots.catalog.state.findProvider(listed.provider)?.name ?? '')
      : 'weir'
  }

  /** Why a deployment cannot be called, whatever the request. */
  private findRefusal(
    key: KnownKey,
    governance: Governance,
    deployment: KnownDeployment,
  ): Refusal | undefined {
    const { state } = this.snapshots.catalog
    const targets = this.deployments.modelsOf(deployment).map((id) => {
      const model = state.findModelById(id)
      return this.toUse(key, model?.name ?? id, model)
    })
    return findDeploymentRefusal(key, deployment) ?? findTargetsRefusal(governance, targets)
  }

  private governanceOf(key: KnownKey): Governance & { team: TeamLine | undefined } {
    const { state } = this.snapshots.identity
    return {
      key,
      workload: key.workload === '' ? undefined : state.findWorkload(key.workload),
      team: key.team === '' ? undefined : state.findTeamLine(key.team),
    }
  }

  private toUse(key: KnownKey, name: string, model: KnownModel | undefined): KnownUse {
    const { state } = this.snapshots.catalog
    const whitelist = state.findWhitelist(key.workspace)
    return {
      name,
      model,
      provider: model && state.findProvider(model.provider),
      providerId: model?.provider ?? '',
      isWhitelisted: whitelist !== undefined,
      entry: model && whitelist?.get(model.id),
      nowMs: Date.now(),
    }
  }
}

function toRoute(
  key: KnownKey,
  team: TeamLine | undefined,
  { model, provider, entry }: KnownUse,
  called: Pick<AdmittedRoute, 'endpoint' | 'deployment' | 'repository'>,
): AdmittedRoute {
  if (!model || !provider || !team) throw new Error('A model was allowed that cannot be routed.')
  const version = model.versions.length === 0 ? model : chooseVersion(model, Math.random())
  const { endpoint, deployment, repository } = called
  return { key, team, model: version, provider, entry, endpoint, deployment, repository }
}
