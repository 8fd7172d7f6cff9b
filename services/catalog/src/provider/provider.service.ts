import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, isUniqueViolation, newId, violatedForeignKey } from '@weir/database'
import { AppError, invalidFields } from '@weir/errors'
import { afterCursor, authorizeIn, type Caller, inUse, isVisible, namedUsers } from '@weir/http'
import { Keyring } from '@weir/secrets'
import { AddressPolicy } from '@weir/upstream-address'
import { type EntityManager, In, IsNull, MoreThan, Repository } from 'typeorm'
import { repriceModels } from '../model/reprice.js'
import { findRepositoriesOf } from '../repository/repository.service.js'
import { IdentityReferences } from '../reference/identity-references.js'
import { fromSecretText, toSecretText } from './credential.js'
import { toEndpoint, withoutDefaults } from './endpoint.js'
import { type CheckedProvider, checkProvider, type Verdict } from './provider-check.js'
import type { ProviderType } from './provider-type.js'
import type {
  CreateProviderDto,
  ListProvidersQuery,
  UpdateProviderDto,
  ValidateProviderDto,
} from './provider.dto.js'
import { Provider } from './provider.entity.js'

/** How long somebody who has asked for a check waits, and somebody who changes a credential. */
const validateTimeoutMs = 10_000
const rotateTimeoutMs = 4_000

@Injectable()
export class ProviderService {
  constructor(
    @InjectRepository(Provider) private readonly providers: Repository<Provider>,
    private readonly changeLog: ChangeLog,
    private readonly keyring: Keyring,
    private readonly addressPolicy: AddressPolicy,
    private readonly identity: IdentityReferences,
  ) {}

  async create(caller: Caller, dto: CreateProviderDto): Promise<Provider> {
    const { organization } = caller
    const id = newId('prov')
    const { name, type } = dto
    const endpoint = toEndpoint(
      type,
      { baseUrl: dto.base_url ?? null, apiVersion: dto.api_version ?? null, region: dto.region ?? null },
      this.addressPolicy,
    )
    const credential = this.seal(id, type, dto.api_key ?? null)
    const workspace = await this.findWorkspace(caller, dto.workspace ?? null)
    authorizeIn(caller, workspace)
    try {
      await this.changeLog.write(async (manager, changed) => {
        await manager.insert(Provider, {
          id,
          organization,
          name,
          type,
          ...endpoint,
          workspace,
          ...credential,
        })
        changed({ organization, kind: 'provider', id, action: 'created' })
      })
    } catch (error) {
      throw this.refine(error, name)
    }
    return this.get(caller, id)
  }

  async get(caller: Caller, idOrName: string): Promise<Provider> {
    const provider = await findProvider(this.providers.manager, caller, idOrName)
    if (!provider) throw AppError.of('provider_not_found', { provider: idOrName })
    return provider
  }

  list(caller: Caller, { limit, cursor, type, workspace }: ListProvidersQuery): Promise<Provider[]> {
    const { organization, visible } = caller
    const after = afterCursor(cursor)
    const where = {
      organization,
      ...(after && { id: MoreThan(after) }),
      ...(type && { type }),
    }
    const of = workspace ? [workspace] : visible
    const seen = [
      { ...where, ...(of && { workspace: In(of.filter((id) => isVisible(caller, id))) }) },
      // Those that all workspaces share.
      ...(visible && !workspace ? [{ ...where, workspace: IsNull() }] : []),
    ]
    return this.providers.find({
      where: seen,
      order: { id: 'ASC' },
      take: limit + 1,
    })
  }

  async update(caller: Caller, idOrName: string, dto: UpdateProviderDto): Promise<Provider> {
    const { organization } = caller
    const before = await this.get(caller, idOrName)
    const { id, type } = before
    authorizeIn(caller, before.workspace)
    const { name, api_key: apiKey } = dto
    const workspace =
      dto.workspace === undefined ? undefined : await this.findWorkspace(caller, dto.workspace)
    if (workspace !== undefined) authorizeIn(caller, workspace)
    const values = {
      ...(name !== undefined && { name }),
      ...this.changedEndpoint(before, dto),
      ...(apiKey !== undefined && this.seal(id, type, apiKey)),
      ...(workspace !== undefined && { workspace }),
    }
    if (typeof apiKey === 'string') await this.tryCredential({ ...before, ...values }, before, dto)
    try {
      await this.changeLog.write(async (manager, changed) => {
        const { affected } = await manager.update(
          Provider,
          { id, organization },
          { ...values, updatedAt: () => 'now()' },
        )
        if (!affected) throw AppError.of('provider_not_found', { provider: idOrName })
        changed({ organization, kind: 'provider', id, action: 'updated' })
        const to = await manager.findOneByOrFail(Provider, { id })
        if (to.baseUrl !== before.baseUrl)
          await repriceModels(manager, { provider: id, from: before, to }, changed)
      })
    } catch (error) {
      throw this.refine(error, name)
    }
    return this.get(caller, id)
  }

  async delete(caller: Caller, idOrName: string): Promise<void> {
    const { organization } = caller
    const { id, name, workspace } = await this.get(caller, idOrName)
    authorizeIn(caller, workspace)
    try {
      await this.changeLog.write(async (manager, changed) => {
        const users = await this.users(manager, id)
        if (users.length > 0) throw inUse('provider', name, users)
        const { affected } = await manager.delete(Provider, { id, organization })
        if (!affected) throw AppError.of('provider_not_found', { provider: idOrName })
        // Who attaches it in this moment has locked it until it is attached.
        const repositories = await findRepositoriesOf(manager, id, namedUsers + 1)
        if (repositories.length > 0) throw inUse('provider', name, repositories)
        changed({ organization, kind: 'provider', id, action: 'deleted' })
      })
    } catch (error) {
      if (!violatedForeignKey(error)) throw error
      // A model of it was made while it was being deleted.
      throw inUse('provider', name, await this.users(this.providers.manager, id))
    }
  }

  /** Asks a provider whether it can be called: with its own credential, or with one that is only tried. */
  async validate(caller: Caller, idOrName: string, dto: ValidateProviderDto): Promise<CheckedProvider> {
    const provider = await this.get(caller, idOrName)
    authorizeIn(caller, provider.workspace)
    const secret = dto.api_key ? toSecretText(provider.type, dto.api_key) : this.unseal(provider)
    const models = dto.model ? [dto.model] : await this.providerModelsOf(provider.id)
    return { provider, verdict: await this.check(provider, secret, { models, timeoutMs: validateTimeoutMs }) }
  }

  /** What a change makes of the endpoint; nothing when it is not about it. */
  private changedEndpoint(before: Provider, dto: UpdateProviderDto): Partial<Provider> {
    const { base_url: baseUrl, api_version: apiVersion, region } = dto
    if (baseUrl === undefined && apiVersion === undefined && region === undefined) return {}
    const given = {
      ...withoutDefaults(before.type, before),
      ...(baseUrl !== undefined && { baseUrl }),
      ...(apiVersion !== undefined && { apiVersion }),
      ...(region !== undefined && { region }),
    }
    return toEndpoint(before.type, given, this.addressPolicy)
  }

  /**
   * A credential that takes the place of another is tried before it does, so that a mistake fails the
   * change and not the requests. Unless it must be, it need not be possible: the provider may be out
   * of reach of this process and not of the gateways.
   */
  private async tryCredential(
    provider: Provider,
    before: Provider,
    { validate, api_key: apiKey }: UpdateProviderDto,
  ): Promise<void> {
    const isRotated = before.ciphertext !== null
    if (!apiKey || validate === false || (!isRotated && !validate)) return
    const secret = toSecretText(provider.type, apiKey)
    const { checks } = await this.check(provider, secret, { models: [], timeoutMs: rotateTimeoutMs })
    const decisive = validate ? ['endpoint', 'credentials'] : ['credentials']
    const failed = checks.find(({ check, status }) => decisive.includes(check) && status === 'failed')
    if (!failed) return
    const message = `does not work there: ${failed.message} Nothing was changed; \`validate\`: false would take it all the same`
    throw invalidFields([{ field: 'api_key', message }])
  }

  private check(
    { type, baseUrl, apiVersion, region }: Provider,
    secret: string | undefined,
    options: { models: readonly string[]; timeoutMs: number },
  ): Promise<Verdict> {
    const credential = secret === undefined ? undefined : fromSecretText(type, secret)
    return checkProvider(
      { type, baseUrl: baseUrl ?? '', apiVersion: apiVersion ?? '', region: region ?? '', credential },
      { policy: this.addressPolicy, ...options },
    )
  }

  private unseal({ id, keyVersion, wrappedKey, ciphertext }: Provider): string | undefined {
    if (keyVersion === null || !wrappedKey || !ciphertext) return undefined
    return this.keyring.unseal({ keyVersion, wrappedKey, ciphertext }, `provider/${id}`).toString()
  }

  private async providerModelsOf(provider: string): Promise<string[]> {
    const rows = await this.providers.manager.query<{ name: string }[]>(
      `SELECT DISTINCT provider_model AS name FROM model WHERE provider = $1 ORDER BY 1 LIMIT 1000`,
      [provider],
    )
    return rows.map(({ name }) => name)
  }

  /** The workspace that a provider is for, if the caller may see it; null: all. Throws workspace_not_found. */
  private async findWorkspace(caller: Caller, idOrName: string | null): Promise<string | null> {
    if (idOrName === null) return null
    const id = await this.identity.getWorkspaceId(caller, idOrName)
    if (isVisible(caller, id)) return id
    throw AppError.of('workspace_not_found', { workspace: idOrName }, { param: 'workspace' })
  }

  /** The columns of the credential; sealed for this provider alone, so that it is of no use at another. */
  private seal(
    id: string,
    type: ProviderType,
    apiKey: string | null,
  ): Pick<Provider, 'keyVersion' | 'wrappedKey' | 'ciphertext'> {
    if (apiKey === null) return { keyVersion: null, wrappedKey: null, ciphertext: null }
    return this.keyring.seal(toSecretText(type, apiKey), `provider/${id}`)
  }

  private async users(manager: EntityManager, id: string): Promise<string[]> {
    const rows = await manager.query<{ name: string }[]>(
      `SELECT 'model \`' || name || '\`' AS name FROM model WHERE provider = $1 ORDER BY id LIMIT $2`,
      [id, namedUsers + 1],
    )
    return rows.map(({ name }) => name)
  }

  private refine(error: unknown, name: string | undefined): unknown {
    if (!isUniqueViolation(error, 'provider_name')) return error
    return AppError.of('already_exists', { kind: 'provider', id: name ?? '' }, { param: 'name' })
  }
}

/** The provider with an id or a name, if the caller may see it; no name looks like an id. */
export async function findProvider(
  manager: EntityManager,
  caller: Caller,
  idOrName: string,
): Promise<Provider | null> {
  const { organization } = caller
  const provider = await manager.findOne(Provider, {
    where: [
      { organization, id: idOrName },
      { organization, name: idOrName },
    ],
  })
  return provider && isVisible(caller, provider.workspace) ? provider : null
}
