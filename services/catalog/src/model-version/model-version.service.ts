import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { type Change, ChangeLog, newId } from '@weir/database'
import { AppError, invalidFields } from '@weir/errors'
import { afterCursor, type Caller } from '@weir/http'
import { type EntityManager, LessThan, MoreThan, Repository } from 'typeorm'
import { Model } from '../model/model.entity.js'
import { ModelService } from '../model/model.service.js'
import { decidePricing } from '../model/pricing.js'
import { addPrices, readPrices } from '../price/model-prices.js'
import { Provider } from '../provider/provider.entity.js'
import type {
  CreateModelVersionDto,
  ListModelHistoryQuery,
  ListModelVersionsQuery,
  ShownVersion,
} from './model-version.dto.js'
import { ModelVersion } from './model-version.entity.js'
import { type Share, VersionChange } from './version-change.entity.js'

const maxVersions = 1_000

type Write = (manager: EntityManager, model: Model) => Promise<Share[]>

/** What the public names of models point to, and by which share. */
@Injectable()
export class ModelVersionService {
  constructor(
    @InjectRepository(ModelVersion) private readonly versions: Repository<ModelVersion>,
    @InjectRepository(VersionChange) private readonly changes: Repository<VersionChange>,
    private readonly models: ModelService,
    private readonly changeLog: ChangeLog,
  ) {}

  /** Makes a version that gets no requests yet. The first time, what the model is becomes version 1. */
  async create(caller: Caller, modelIdOrName: string, dto: CreateModelVersionDto): Promise<ShownVersion> {
    const { model: seen } = await this.models.get(caller, modelIdOrName)
    const { organization } = caller
    let made = 0
    await this.changeLog.write(async (manager, changed) => {
      const model = await lockModel(manager, seen.id)
      const known = await manager.find(ModelVersion, {
        where: { model: model.id },
        order: { version: 'ASC' },
      })
      if (known.length >= maxVersions) {
        throw invalidFields([{ field: 'version', message: `a model has at most ${maxVersions} versions` }])
      }
      const common = { organization, model: model.id }
      if (known.length === 0) {
        const first = { version: 1, providerModel: model.providerModel, parameters: {}, weight: 100 }
        await manager.insert(ModelVersion, { id: newId('mv'), ...common, ...first, priceSource: null })
      }
      made = Math.max(1, ...known.map(({ version }) => version)) + 1
      const id = newId('mv')
      const providerModel = dto.provider_model ?? known[0]?.providerModel ?? model.providerModel
      const priceSource = await this.price(manager, { id, model, providerModel, dto }, changed)
      const own = { version: made, providerModel, parameters: dto.parameters ?? {}, weight: 0, priceSource }
      await manager.insert(ModelVersion, { id, ...common, ...own })
      changed({ organization, kind: 'model', id: model.id, action: 'updated' })
    })
    return this.get(caller, seen.id, made)
  }

  async get(caller: Caller, modelIdOrName: string, version: number): Promise<ShownVersion> {
    const { model } = await this.models.get(caller, modelIdOrName)
    const found = await this.versions.findOneBy({ model: model.id, version })
    if (!found) throw versionNotFound(model, version)
    const [shown] = await this.show([found])
    return shown ?? { version: found, prices: [] }
  }

  async list(
    caller: Caller,
    modelIdOrName: string,
    { limit, cursor }: ListModelVersionsQuery,
  ): Promise<ShownVersion[]> {
    const { model } = await this.models.get(caller, modelIdOrName)
    const after = Number(afterCursor(cursor) ?? 0)
    const found = await this.versions.find({
      where: { model: model.id, version: MoreThan(Number.isSafeInteger(after) ? after : 0) },
      order: { version: 'ASC' },
      take: limit + 1,
    })
    return this.show(found)
  }

  /** The newest first. */
  async history(
    caller: Caller,
    modelIdOrName: string,
    { limit, cursor }: ListModelHistoryQuery,
  ): Promise<VersionChange[]> {
    const { model } = await this.models.get(caller, modelIdOrName)
    const before = afterCursor(cursor)
    return this.changes.find({
      where: { model: model.id, ...(before && { id: LessThan(before) }) },
      order: { id: 'DESC' },
      take: limit + 1,
    })
  }

  /** Gives a version all requests. */
  promote(caller: Caller, modelIdOrName: string, version: number): Promise<Traffic> {
    return this.shareOut(caller, modelIdOrName, 'promoted', async (manager, model) => {
      await findVersion(manager, model, version)
      return [{ version, weight: 100 }]
    })
  }

  /** Gives a version some of the requests; that with the most of the others keeps the rest. */
  canary(caller: Caller, modelIdOrName: string, version: number, weight: number): Promise<Traffic> {
    return this.shareOut(caller, modelIdOrName, 'canary', async (manager, model) => {
      await findVersion(manager, model, version)
      const others = (await readShares(manager, model.id)).filter((share) => share.version !== version)
      const [main] = others.sort((left, right) => right.weight - left.weight)
      if (!main) {
        const message = `version ${version} gets all requests: choose another version, or promote one first`
        throw invalidFields([{ field: 'version', message }])
      }
      return [
        { version: main.version, weight: 100 - weight },
        { version, weight },
      ]
    })
  }

  /** Shares the requests out as before the last promotion or canary that still stands. */
  rollBack(caller: Caller, modelIdOrName: string): Promise<Traffic> {
    return this.shareOut(caller, modelIdOrName, 'rolled_back', async (manager, model) => {
      const last = await manager.findOne(VersionChange, {
        where: [
          { model: model.id, undone: false, action: 'promoted' },
          { model: model.id, undone: false, action: 'canary' },
        ],
        order: { id: 'DESC' },
      })
      if (!last) {
        const reason = `The model \`${model.name}\` has nothing to be rolled back to: no version was promoted or made a canary.`
        throw AppError.of('invalid_request', { reason })
      }
      await manager.update(VersionChange, { id: last.id }, { undone: true })
      return last.before
    })
  }

  private async shareOut(
    caller: Caller,
    modelIdOrName: string,
    action: VersionChange['action'],
    decide: Write,
  ): Promise<Traffic> {
    const { model: seen } = await this.models.get(caller, modelIdOrName)
    const { organization } = caller
    return this.changeLog.write(async (manager, changed) => {
      const model = await lockModel(manager, seen.id)
      const before = await readShares(manager, model.id)
      const decided = await decide(manager, model)
      const after = decided.toSorted((left, right) => left.version - right.version)
      await manager.update(ModelVersion, { model: model.id }, { weight: 0 })
      for (const { version, weight } of after) {
        await manager.update(ModelVersion, { model: model.id, version }, { weight })
      }
      await manager.insert(VersionChange, {
        ...{ id: newId('mvc'), organization, model: model.id, action, before, after, undone: false },
        actor: caller.principal?.id ?? 'service',
      })
      changed({ organization, kind: 'model', id: model.id, action: 'updated' })
      return { model: model.id, versions: after }
    })
  }

  /** Where a version's prices come from; its own ones stand under its id. Nothing is silently free. */
  private async price(
    manager: EntityManager,
    {
      id,
      model,
      providerModel,
      dto,
    }: { id: string; model: Model; providerModel: string; dto: CreateModelVersionDto },
    changed: (change: Change) => void,
  ): Promise<ModelVersion['priceSource']> {
    const { priceSource: source } = model
    if (source === 'free' && dto.prices) {
      throw invalidFields([{ field: 'prices', message: 'a free model has no prices' }])
    }
    const isOfModel = source !== 'public' || providerModel === model.providerModel
    if (!dto.prices && isOfModel) return null
    const provider = await manager.findOneByOrFail(Provider, { id: model.provider })
    const pricing = decidePricing({
      ...{ prices: dto.prices ?? undefined, provider, providerModel, isMoved: true },
    })
    if (!pricing || pricing.source === 'free')
      throw new Error('A version was left without a decision about its prices.')
    const { organization } = model
    await addPrices(
      manager,
      { organization, model: id, source: pricing.source, terms: pricing.terms },
      changed,
    )
    return pricing.source
  }

  private async show(versions: ModelVersion[]): Promise<ShownVersion[]> {
    const prices = await readPrices(
      this.versions.manager,
      versions.map(({ id }) => id),
    )
    return versions.map((version) => ({ version, prices: prices.get(version.id) ?? [] }))
  }
}

/** How the requests of a model are shared out. */
export interface Traffic {
  /** Model id. */
  model: string
  versions: Share[]
}

/** One after the other: two that share out at once would both count from what was before. */
async function lockModel(manager: EntityManager, id: string): Promise<Model> {
  const model = await manager.findOne(Model, { where: { id }, lock: { mode: 'pessimistic_write' } })
  if (!model) throw AppError.of('model_not_found', { model: id })
  return model
}

async function findVersion(manager: EntityManager, model: Model, version: number): Promise<void> {
  if (!(await manager.existsBy(ModelVersion, { model: model.id, version })))
    throw versionNotFound(model, version)
}

async function readShares(manager: EntityManager, model: string): Promise<Share[]> {
  const versions = await manager.find(ModelVersion, {
    where: { model, weight: MoreThan(0) },
    order: { version: 'ASC' },
  })
  return versions.map(({ version, weight }) => ({ version, weight }))
}

function versionNotFound({ name }: Model, version: number): AppError {
  return AppError.of('version_not_found', { model: name, version: String(version) })
}
