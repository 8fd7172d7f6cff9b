import type { catalogV1 } from '@weir/contracts'
import type { Keyring } from '@weir/secrets'

/** A provider as the hot path reads it. */
export interface KnownProvider {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly baseUrl: string
  /** Workspace id when it serves one workspace only; empty: the organization. */
  readonly workspace: string
  /** Ready for the upstream's Authorization header; undefined: no credential was given. */
  readonly authorization: string | undefined
}

/** A model as the hot path reads it. */
export interface KnownModel {
  readonly id: string
  readonly organization: string
  readonly name: string
  readonly provider: string
  readonly providerModel: string
  readonly free: boolean
  /** Ids of prices in the order of their start. */
  readonly prices: readonly { id: string; effectiveFromMs: number }[]
  /** Seconds since 1970. */
  readonly created: number
}

/** The catalog's state in memory, credentials unsealed. */
export class CatalogState {
  private readonly resources = new Map<string, catalogV1.CatalogResource>()
  private readonly providers = new Map<string, KnownProvider>()
  private readonly models = new Map<string, KnownModel>()
  private readonly modelNames = new Map<string, string>()

  constructor(
    private readonly keyring: Keyring,
    private readonly onUnsealable: (provider: string, error: unknown) => void,
  ) {}

  findModel(organization: string, name: string): KnownModel | undefined {
    const id = this.modelNames.get(`${organization}/${name}`)
    return id === undefined ? undefined : this.models.get(id)
  }

  findProvider(id: string): KnownProvider | undefined {
    return this.providers.get(id)
  }

  /** In the order of names. */
  listModels(organization: string): KnownModel[] {
    return [...this.models.values()]
      .filter((model) => model.organization === organization)
      .sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  all(): catalogV1.CatalogResource[] {
    return [...this.resources.values()]
  }

  upsert(resource: catalogV1.CatalogResource): void {
    const { provider, model } = resource
    if (provider) {
      this.resources.set(`provider/${provider.id}`, resource)
      this.providers.set(provider.id, this.toKnownProvider(provider))
    }
    if (model) {
      this.remove('model', model.id)
      this.resources.set(`model/${model.id}`, resource)
      this.models.set(model.id, toKnownModel(model))
      this.modelNames.set(`${model.organization}/${model.name}`, model.id)
    }
  }

  remove(kind: string, id: string): void {
    this.resources.delete(`${kind}/${id}`)
    if (kind === 'provider') this.providers.delete(id)
    const model = kind === 'model' ? this.models.get(id) : undefined
    if (!model) return
    this.models.delete(id)
    const name = `${model.organization}/${model.name}`
    if (this.modelNames.get(name) === id) this.modelNames.delete(name)
  }

  private toKnownProvider(provider: catalogV1.Provider): KnownProvider {
    const { id, name, type, baseUrl, workspace } = provider
    return { id, name, type, baseUrl, workspace, authorization: this.unseal(provider) }
  }

  /** A credential that cannot be unsealed counts as missing: its provider's calls are refused, all others go on. */
  private unseal({ id, credential }: catalogV1.Provider): string | undefined {
    if (!credential) return undefined
    try {
      return `Bearer ${this.keyring.unseal(credential, `provider/${id}`).toString()}`
    } catch (error) {
      this.onUnsealable(id, error)
      return undefined
    }
  }
}

function toKnownModel(model: catalogV1.Model): KnownModel {
  return {
    id: model.id,
    organization: model.organization,
    name: model.name,
    provider: model.provider,
    providerModel: model.providerModel,
    free: model.free,
    prices: model.prices.map(({ id, effectiveFromMs }) => ({ id, effectiveFromMs: Number(effectiveFromMs) })),
    created: Number(model.created),
  }
}

/** The price in force at a moment; undefined when none has started. */
export function findPrice(model: KnownModel, atMs: number): string | undefined {
  return model.prices.findLast((price) => price.effectiveFromMs <= atMs)?.id
}
