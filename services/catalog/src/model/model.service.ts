import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { type Change, ChangeLog, isUniqueViolation, newId, violatedForeignKey } from '@weir/database'
import { AppError } from '@weir/errors'
import { afterCursor, type Caller, inUse, isVisible, namedUsers } from '@weir/http'
import { type EntityManager, In, IsNull, MoreThan, Repository } from 'typeorm'
import { findDeploymentsUsing, lockNames, refuseDeploymentName } from '../deployment/deployment-models.js'
import { ModelVersion } from '../model-version/model-version.entity.js'
import { addPrices, readPrices, withdrawFuturePrices } from '../price/model-prices.js'
import { Provider } from '../provider/provider.entity.js'
import { findProvider } from '../provider/provider.service.js'
import { IdentityReferences } from '../reference/identity-references.js'
import { findWhitelists } from '../whitelist/whitelist-entry.entity.js'
import type { CreateModelDto, ListModelsQuery, ShownModel, UpdateModelDto } from './model.dto.js'
import { Model } from './model.entity.js'
import { decidePricing, type Pricing } from './pricing.js'

@Injectable()
export class ModelService {
  constructor(
    @InjectRepository(Model) private readonly models: Repository<Model>,
    private readonly changeLog: ChangeLog,
    private readonly identity: IdentityReferences,
  ) {}

  async create(caller: Caller, dto: CreateModelDto): Promise<ShownModel> {
    const { organization } = caller
    const id = newId('model')
    const { name, prices, free } = dto
    const providerModel = dto.provider_model ?? name
    await this.write(dto, async (manager, changed) => {
      await lockNames(manager, organization)
      const provider = await this.getProvider(manager, caller, dto.provider)
      await refuseDeploymentName(manager, { organization, workspace: provider.workspace }, name)
      const pricing = decidePricing({
        prices: prices ?? undefined,
        free,
        provider,
        providerModel,
        isMoved: false,
      })
      if (!pricing) throw new Error('A new model was left without a decision about its prices.')
      await manager.insert(Model, {
        id,
        organization,
        name,
        provider: provider.id,
        providerModel,
        priceSource: pricing.source,
        maxOutputTokens: dto.max_output_tokens ?? null,
      })
      changed({ organization, kind: 'model', id, action: 'created' })
      await this.apply(manager, { organization, id }, pricing, changed)
    })
    return this.get(caller, id)
  }

  async get(caller: Caller, idOrName: string): Promise<ShownModel> {
    const model = await this.find(caller, idOrName)
    if (!model) throw AppError.of('model_not_found', { model: idOrName })
    const [shown] = await this.show([model])
    // The database hides the provider of a workspace that the caller may not see.
    if (!shown?.provider || !isVisible(caller, shown.provider.workspace))
      throw AppError.of('model_not_found', { model: idOrName })
    return shown
  }

  async list(caller: Caller, { limit, cursor, provider, name }: ListModelsQuery): Promise<ShownModel[]> {
    const { organization, visible } = caller
    const after = afterCursor(cursor)
    const of = provider === undefined ? undefined : await findProvider(this.models.manager, caller, provider)
    if (of === null) return []
    const models = await this.models.find({
      where: {
        organization,
        ...(after && { id: MoreThan(after) }),
        ...(of ? { provider: of.id } : visible && { provider: In(await this.providersOf(caller)) }),
        ...(name && { name }),
      },
      order: { id: 'ASC' },
      take: limit + 1,
    })
    return this.show(models)
  }

  async update(caller: Caller, idOrName: string, dto: UpdateModelDto): Promise<ShownModel> {
    const { organization } = caller
    const { model: before } = await this.get(caller, idOrName)
    const { id } = before
    // Workloads, teams and keys name it: under another name it would be gone for them.
    if (dto.name !== undefined && dto.name !== before.name) await this.refuseIfUsed(caller, before)
    await this.write(dto, async (manager, changed) => {
      await lockNames(manager, organization)
      const model = await manager.findOne(Model, {
        where: { id, organization },
        lock: { mode: 'pessimistic_write' },
      })
      if (!model) throw AppError.of('model_not_found', { model: idOrName })
      const provider = await this.getProvider(manager, caller, dto.provider ?? model.provider)
      const { provider_model: providerModel = model.providerModel, name = model.name, prices, free } = dto
      if (name !== model.name || provider.id !== model.provider) {
        await refuseDeploymentName(manager, { organization, workspace: provider.workspace }, name)
      }
      if (provider.id !== model.provider || isAboutWhatVersionsHave(dto))
        await refuseVersioned(manager, model)
      const isMoved = provider.id !== model.provider || providerModel !== model.providerModel
      const pricing = decidePricing({
        prices,
        free,
        source: model.priceSource,
        provider,
        providerModel,
        isMoved,
      })
      await manager.update(
        Model,
        { id },
        {
          ...{ name, provider: provider.id, providerModel },
          priceSource: pricing?.source ?? model.priceSource,
          ...(dto.max_output_tokens !== undefined && { maxOutputTokens: dto.max_output_tokens }),
          updatedAt: () => 'now()',
        },
      )
      changed({ organization, kind: 'model', id, action: 'updated' })
      if (pricing) await this.apply(manager, { organization, id }, pricing, changed)
    })
    return this.get(caller, id)
  }

  async delete(caller: Caller, idOrName: string): Promise<void> {
    const { organization } = caller
    const { model } = await this.get(caller, idOrName)
    await this.refuseIfUsed(caller, model)
    try {
      await this.changeLog.write(async (manager, changed) => {
        const { affected } = await manager.delete(Model, { id: model.id, organization })
        if (!affected) throw AppError.of('model_not_found', { model: idOrName })
        // Whoever names it in this moment has locked it until it stands there.
        const deployments = await findDeploymentsUsing(manager, model.id, namedUsers + 1)
        if (deployments.length > 0) throw inUse('model', model.name, deployments)
        changed({ organization, kind: 'model', id: model.id, action: 'deleted' })
      })
    } catch (error) {
      if (violatedForeignKey(error) !== 'whitelist_entry_model') throw error
      throw inUse('model', model.name, await findWhitelists(this.models.manager, model.id))
    }
  }

  /** Providers whose models the caller may see: those of its workspaces, and those that all share. */
  private async providersOf({ organization, visible = [] }: Caller): Promise<string[]> {
    const providers = await this.models.manager.find(Provider, {
      select: { id: true },
      where: [
        { organization, workspace: IsNull() },
        { organization, workspace: In(visible) },
      ],
    })
    return providers.map(({ id }) => id)
  }

  /** No name looks like an id. */
  private find({ organization }: Caller, idOrName: string): Promise<Model | null> {
    return this.models.findOne({
      where: [
        { organization, id: idOrName },
        { organization, name: idOrName },
      ],
    })
  }

  private async show(models: Model[]): Promise<ShownModel[]> {
    const { manager } = this.models
    const providers = await manager.findBy(Provider, { id: In(models.map(({ provider }) => provider)) })
    const prices = await readPrices(
      manager,
      models.map(({ id }) => id),
    )
    return models.map((model) => ({
      model,
      provider: providers.find(({ id }) => id === model.provider),
      prices: prices.get(model.id) ?? [],
    }))
  }

  private async getProvider(manager: EntityManager, caller: Caller, idOrName: string): Promise<Provider> {
    const provider = await findProvider(manager, caller, idOrName)
    if (!provider) throw this.providerNotFound(idOrName)
    return provider
  }

  private async apply(
    manager: EntityManager,
    { organization, id }: { organization: string; id: string },
    { source, terms }: Pricing,
    changed: (change: Change) => void,
  ): Promise<void> {
    if (source === 'free') await withdrawFuturePrices(manager, id)
    else await addPrices(manager, { organization, model: id, source, terms }, changed)
  }

  private async refuseIfUsed(caller: Caller, { name }: Model): Promise<void> {
    const users = await this.identity.findUsersOfModel(caller, name)
    if (users.length > 0) throw inUse('model', name, users)
  }

  /** The provider was there when it was looked at, but may be gone when the model is written. */
  private async write(
    { name = '', provider = '' }: { name?: string; provider?: string },
    work: Parameters<ChangeLog['write']>[0],
  ): Promise<void> {
    try {
      await this.changeLog.write(work)
    } catch (error) {
      if (isUniqueViolation(error, 'model_name')) {
        throw AppError.of('already_exists', { kind: 'model', id: name }, { param: 'name' })
      }
      throw violatedForeignKey(error) === 'model_provider' ? this.providerNotFound(provider) : error
    }
  }

  private providerNotFound(provider: string): AppError {
    return AppError.of('provider_not_found', { provider }, { param: 'provider' })
  }
}

/** Each version has its own of these; only prices that are said hold for all that have none. */
function isAboutWhatVersionsHave(dto: UpdateModelDto): boolean {
  return dto.provider_model !== undefined || dto.free !== undefined || dto.prices === null
}

async function refuseVersioned(manager: EntityManager, { id, name }: Model): Promise<void> {
  if (!(await manager.existsBy(ModelVersion, { model: id }))) return
  const reason = `The model \`${name}\` has versions, which say what it is and where its prices come from. Make another version with POST /v1/models/{id}/versions, and promote it.`
  throw AppError.of('invalid_request', { reason })
}
