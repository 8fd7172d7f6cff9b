import type { catalogV1 } from '@weir/contracts'
import type { ModelFacts, ProviderFacts, WhitelistTerms } from '@weir/rights'
import { parsePrice, type Price } from '@weir/rating'
import type { Keyring } from '@weir/secrets'

/** A provider as the hot path reads it. */
export interface KnownProvider extends ProviderFacts {
  readonly id: string
  readonly baseUrl: string
  /** Ready for the upstream's Authorization header; undefined: no credential was given. */
  readonly authorization: string | undefined
}

/** A model as the hot path reads it. */
export interface KnownModel extends ModelFacts {
  readonly id: string
  readonly organization: string
  readonly provider: string
  readonly providerModel: string
  /** In the order of their start. */
  readonly prices: readonly Price[]
  /** Seconds since 1970. */
  readonly created: number
}

/** A workspace's entry for a model, as the hot path reads it. */
export interface KnownWhitelistEntry extends WhitelistTerms {
  /** wl_… */
  readonly id: string
  readonly workspace: string
  /** Model id. */
  readonly model: string
}

/** The entries of one workspace, by model id. */
export type Whitelist = ReadonlyMap<string, KnownWhitelistEntry>

/** The catalog's state in memory, credentials unsealed. */
export class CatalogState {
  private readonly resources = new Map<string, catalogV1.CatalogResource>()
  private readonly providers = new Map<string, KnownProvider>()
  private readonly models = new Map<string, KnownModel>()
  private readonly modelNames = new Map<string, string>()
  private readonly whitelists = new Map<string, Map<string, KnownWhitelistEntry>>()
  private readonly entries = new Map<string, KnownWhitelistEntry>()

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

  /** The models that a workspace is limited to; undefined: it has no whitelist, and may use all. */
  findWhitelist(workspace: string): Whitelist | undefined {
    return this.whitelists.get(workspace)
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
    const { provider, model, whitelistEntry } = resource
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
    if (whitelistEntry) {
      this.resources.set(`whitelist_entry/${whitelistEntry.id}`, resource)
      this.upsertEntry(toKnownEntry(whitelistEntry))
    }
  }

  remove(kind: string, id: string): void {
    this.resources.delete(`${kind}/${id}`)
    if (kind === 'provider') this.providers.delete(id)
    if (kind === 'whitelist_entry') this.forgetEntry(id)
    const model = kind === 'model' ? this.models.get(id) : undefined
    if (!model) return
    this.models.delete(id)
    const name = `${model.organization}/${model.name}`
    if (this.modelNames.get(name) === id) this.modelNames.delete(name)
  }

  private upsertEntry(entry: KnownWhitelistEntry): void {
    this.entries.set(entry.id, entry)
    const whitelist = this.whitelists.get(entry.workspace)
    if (whitelist) whitelist.set(entry.model, entry)
    else this.whitelists.set(entry.workspace, new Map([[entry.model, entry]]))
  }

  /** An entry that was made anew for the same model has another id, and stays. */
  private forgetEntry(id: string): void {
    const entry = this.entries.get(id)
    const whitelist = entry && this.whitelists.get(entry.workspace)
    this.entries.delete(id)
    if (!whitelist || whitelist.get(entry.model)?.id !== id) return
    whitelist.delete(entry.model)
    if (whitelist.size === 0) this.whitelists.delete(entry.workspace)
  }

  private toKnownProvider(provider: catalogV1.Provider): KnownProvider {
    const { id, name, type, baseUrl, workspace } = provider
    const authorization = this.unseal(provider)
    return { id, name, type, baseUrl, workspace, authorization, hasCredential: authorization !== undefined }
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
    prices: model.prices.map(parsePrice),
    created: Number(model.created),
  }
}

function toKnownEntry(entry: catalogV1.WhitelistEntry): KnownWhitelistEntry {
  const { id, workspace, model, available, rpmLimit, tpmLimit, maxOutputTokens } = entry
  return {
    ...{ id, workspace, model, available, rpmLimit, tpmLimit, maxOutputTokens },
    availableFromMs: Number(entry.availableFromMs),
    availableUntilMs: Number(entry.availableUntilMs),
  }
}

/** The price in force at a moment; undefined when none has started. */
export function findPrice(model: KnownModel, atMs: number): Price | undefined {
  return model.prices.findLast((price) => price.effectiveFromMs <= atMs)
}
