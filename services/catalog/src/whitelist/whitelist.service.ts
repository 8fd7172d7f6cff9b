import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, isUniqueViolation, newId, violatedForeignKey } from '@weir/database'
import { AppError, invalidFields } from '@weir/errors'
import { afterCursor, authorizeIn, type Caller, isVisible } from '@weir/http'
import { In, MoreThan, Repository } from 'typeorm'
import { Model } from '../model/model.entity.js'
import { Provider } from '../provider/provider.entity.js'
import { IdentityReferences } from '../reference/identity-references.js'
import { WhitelistEntry } from './whitelist-entry.entity.js'
import type {
  CreateWhitelistEntryDto,
  ListWhitelistQuery,
  ShownEntry,
  UpdateWhitelistEntryDto,
  WhitelistTermsDto,
} from './whitelist.dto.js'

const kind = 'whitelist_entry'

/** The models that workspaces are limited to. A workspace without an entry may use all of its organization's. */
@Injectable()
export class WhitelistService {
  constructor(
    @InjectRepository(WhitelistEntry) private readonly entries: Repository<WhitelistEntry>,
    @InjectRepository(Model) private readonly models: Repository<Model>,
    private readonly changeLog: ChangeLog,
    private readonly identity: IdentityReferences,
  ) {}

  async create(caller: Caller, workspaceIdOrName: string, dto: CreateWhitelistEntryDto): Promise<ShownEntry> {
    const { organization } = caller
    const workspace = await this.identity.getWorkspaceId(caller, workspaceIdOrName)
    if (!isVisible(caller, workspace)) throw workspaceNotFound(workspaceIdOrName)
    authorizeIn(caller, workspace)
    const model = await this.findModel(caller, dto.model)
    if (!model || !(await this.isServed(model, workspace))) throw this.modelNotFound(dto.model)
    const id = newId('wl')
    const terms = { available: true, ...toTerms(dto) }
    checkPeriod(terms)
    try {
      await this.changeLog.write(async (manager, changed) => {
        await manager.insert(WhitelistEntry, { id, organization, workspace, model: model.id, ...terms })
        changed({ organization, kind, id, action: 'created' })
      })
    } catch (error) {
      if (isUniqueViolation(error, 'whitelist_entry_once')) {
        throw AppError.of('already_exists', { kind: 'whitelist entry', id: model.name }, { param: 'model' })
      }
      throw violatedForeignKey(error) ? this.modelNotFound(dto.model) : error
    }
    return this.get(caller, workspace, model.id)
  }

  async list(
    caller: Caller,
    workspaceIdOrName: string,
    { limit, cursor }: ListWhitelistQuery,
  ): Promise<ShownEntry[]> {
    const { organization } = caller
    const workspace = await this.workspaceOf(caller, workspaceIdOrName)
    if (!isVisible(caller, workspace)) throw workspaceNotFound(workspaceIdOrName)
    const after = afterCursor(cursor)
    const entries = await this.entries.find({
      where: { organization, workspace, ...(after && { id: MoreThan(after) }) },
      order: { id: 'ASC' },
      take: limit + 1,
    })
    const models = await this.models.findBy({ id: In(entries.map(({ model }) => model)) })
    return entries.map((entry) => ({
      entry,
      modelName: models.find(({ id }) => id === entry.model)?.name ?? '',
    }))
  }

  async get(caller: Caller, workspaceIdOrName: string, modelIdOrName: string): Promise<ShownEntry> {
    const workspace = await this.workspaceOf(caller, workspaceIdOrName)
    const model = await this.findModel(caller, modelIdOrName)
    const { organization } = caller
    const entry = model && (await this.entries.findOneBy({ organization, workspace, model: model.id }))
    if (!entry || !isVisible(caller, workspace)) throw this.modelNotFound(modelIdOrName)
    return { entry, modelName: model.name }
  }

  async update(
    caller: Caller,
    workspaceIdOrName: string,
    modelIdOrName: string,
    dto: UpdateWhitelistEntryDto,
  ): Promise<ShownEntry> {
    const { organization } = caller
    const { entry } = await this.get(caller, workspaceIdOrName, modelIdOrName)
    authorizeIn(caller, entry.workspace)
    const { id } = entry
    await this.changeLog.write(async (manager, changed) => {
      const lock = { mode: 'pessimistic_write' } as const
      const current = await manager.findOne(WhitelistEntry, { where: { id, organization }, lock })
      if (!current) throw this.modelNotFound(modelIdOrName)
      const terms = toTerms(dto)
      checkPeriod({ ...current, ...terms })
      await manager.update(WhitelistEntry, { id, organization }, { ...terms, updatedAt: () => 'now()' })
      changed({ organization, kind, id, action: 'updated' })
    })
    return this.get(caller, entry.workspace, entry.model)
  }

  async delete(caller: Caller, workspaceIdOrName: string, modelIdOrName: string): Promise<void> {
    const { organization } = caller
    const { entry } = await this.get(caller, workspaceIdOrName, modelIdOrName)
    authorizeIn(caller, entry.workspace)
    const { id } = entry
    await this.changeLog.write(async (manager, changed) => {
      const { affected } = await manager.delete(WhitelistEntry, { id, organization })
      if (!affected) throw this.modelNotFound(modelIdOrName)
      changed({ organization, kind, id, action: 'deleted' })
    })
  }

  /** Entries of a workspace that is gone can still be seen and deleted, by its id. */
  private async workspaceOf(caller: Caller, idOrName: string): Promise<string> {
    try {
      return await this.identity.getWorkspaceId(caller, idOrName)
    } catch (error) {
      const { organization } = caller
      const isLeft = await this.entries.existsBy({ organization, workspace: idOrName })
      if (isLeft && error instanceof AppError && error.code === 'workspace_not_found') return idOrName
      throw error
    }
  }

  private findModel({ organization }: Caller, idOrName: string): Promise<Model | null> {
    return this.models.findOne({
      where: [
        { organization, id: idOrName },
        { organization, name: idOrName },
      ],
    })
  }

  /** A model whose provider serves another workspace alone is as good as none. */
  private async isServed(model: Model, workspace: string): Promise<boolean> {
    const provider = await this.models.manager.findOneBy(Provider, { id: model.provider })
    return provider !== null && (provider.workspace === null || provider.workspace === workspace)
  }

  private modelNotFound(model: string): AppError {
    return AppError.of('model_not_found', { model }, { param: 'model' })
  }
}

function workspaceNotFound(workspace: string): AppError {
  return AppError.of('workspace_not_found', { workspace }, { param: 'workspace' })
}

type Terms = Partial<Omit<WhitelistEntry, 'id' | 'organization' | 'workspace' | 'model'>>

/** The columns that a request sets; null removes. */
function toTerms(dto: WhitelistTermsDto): Terms {
  const { available, available_from: from, available_until: until } = dto
  const terms: Terms = {}
  if (available !== undefined) terms.available = available
  if (from !== undefined) terms.availableFrom = from === null ? null : new Date(from)
  if (until !== undefined) terms.availableUntil = until === null ? null : new Date(until)
  if (dto.rpm_limit !== undefined) terms.rpmLimit = dto.rpm_limit
  if (dto.tpm_limit !== undefined) terms.tpmLimit = dto.tpm_limit
  if (dto.max_output_tokens !== undefined) terms.maxOutputTokens = dto.max_output_tokens
  return terms
}

function checkPeriod({ availableFrom, availableUntil }: Terms): void {
  if (!availableFrom || !availableUntil || availableFrom < availableUntil) return
  throw invalidFields([{ field: 'available_until', message: 'must be later than available_from' }])
}
