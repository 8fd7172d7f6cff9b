import type { catalogV1 } from '@weir/contracts'
import { type EntityManager, In, IsNull, MoreThan } from 'typeorm'
import { Deployment } from '../deployment/deployment.entity.js'
import { Model } from '../model/model.entity.js'
import { readPrices } from '../price/model-prices.js'
import { Provider } from '../provider/provider.entity.js'
import { Repository } from '../repository/repository.entity.js'
import { toProto } from '../snapshot/to-proto.js'
import { WhitelistEntry } from '../whitelist/whitelist-entry.entity.js'

const maxModels = 1_001
const maxRoutes = 1_000

/** A part of an organization's models, with all that decides whether a workspace may use them. */
export async function listWorkspaceModels(
  manager: EntityManager,
  { organization, workspace, afterName, limit }: catalogV1.ListWorkspaceModelsRequest,
): Promise<catalogV1.ListWorkspaceModelsResponse> {
  // What other workspaces have for themselves alone is not to be seen here.
  const providers = await manager.findBy(Provider, [
    { organization, workspace: IsNull() },
    { organization, workspace },
  ])
  const models = await manager.find(Model, {
    where: {
      organization,
      provider: In(providers.map(({ id }) => id)),
      ...(afterName !== '' && { name: MoreThan(afterName) }),
    },
    order: { name: 'ASC' },
    take: Math.min(Math.max(limit, 1), maxModels),
  })
  const named = { where: { organization, workspace }, order: { name: 'ASC' }, take: maxRoutes } as const
  const deployments = await manager.find(Deployment, {
    ...named,
    select: { id: true, name: true, uses: true },
  })
  const repositories = await manager.find(Repository, named)
  const usesOf = new Map(deployments.map(({ id, uses }) => [id, uses]))
  const routes = deployments.map(({ name, uses }) => ({ name, models: modelsOf(usesOf, uses) }))
  const targets = await manager.findBy(Model, {
    organization,
    id: In([...new Set(routes.flatMap((route) => route.models))]),
  })
  const ids = [...new Set([...models, ...targets].map(({ id }) => id))]
  const prices = await readPrices(manager, ids)
  const entries = await manager.findBy(WhitelistEntry, { organization, workspace, model: In(ids) })
  const toWorkspaceModel = (model: Model): catalogV1.WorkspaceModel => {
    const provider = providers.find(({ id }) => id === model.provider)
    const told = provider && toProto.provider(provider).provider
    const entry = entries.find((one) => one.model === model.id)
    return {
      model: toProto.model(model, prices.get(model.id) ?? []).model,
      // No credential leaves the catalog but for the gateways.
      provider: told && { ...told, credential: undefined },
      hasCredential: (provider?.ciphertext ?? null) !== null,
      whitelistEntry: entry && toProto.whitelistEntry(entry).whitelistEntry,
    }
  }
  return {
    isWhitelisted: await manager.existsBy(WhitelistEntry, { organization, workspace }),
    deployments: routes,
    targets: targets.map(toWorkspaceModel).map(withoutRates),
    repositories: repositories.flatMap((one) => toProto.repository(one).repository ?? []),
    models: models.map(toWorkspaceModel),
  }
}

/** Ids of what a deployment leads to: other deployments lead further. A circle of them is refused when they are saved. */
function modelsOf(deployments: ReadonlyMap<string, readonly string[]>, uses: readonly string[]): string[] {
  const models = uses.flatMap((id) => {
    const further = deployments.get(id)
    return further ? modelsOf(deployments, further) : [id]
  })
  return [...new Set(models)]
}

/** Whether it has a price matters alone, and there may be many. */
function withoutRates({ model, ...seen }: catalogV1.WorkspaceModel): catalogV1.WorkspaceModel {
  const prices = model?.prices.map((price) => ({ ...price, rates: [], serviceTiers: [] })) ?? []
  return { ...seen, model: model && { ...model, prices } }
}
