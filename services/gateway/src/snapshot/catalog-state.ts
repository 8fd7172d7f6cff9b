import type { catalogV1 } from '@weir/contracts'
import type { Keyring } from '@weir/secrets'
import {
  type Credential,
  type KnownModel,
  type KnownProvider,
  type KnownRepository,
  type KnownWhitelistEntry,
  toCredential,
  toKnownEntry,
  toKnownModel,
  toKnownRepository,
  type Whitelist,
} from './known-catalog.js'
import { type KnownDeployment, toKnownDeployment } from './known-deployment.js'

export {
  chooseVersion,
  type Credential,
  findPrice,
  type KnownModel,
  type KnownProvider,
  type KnownRepository,
  type KnownWhitelistEntry,
  type Whitelist,
} from './known-catalog.js'

/** The catalog's state in memory, credentials unsealed. */
export class CatalogState {
  private readonly resources = new Map<string, catalogV1.CatalogResource>()
  private readonly providers = new Map<string, KnownProvider>()
  private readonly models = new Map<string, KnownModel>()
  private readonly modelNames = new Map<string, string>()
  private readonly whitelists = new Map<string, Map<string, KnownWhitelistEntry>>()
  private readonly entries = new Map<string, KnownWhitelistEntry>()
  private readonly deployments = new Map<string, KnownDeployment>()
  private readonly deploymentNames = new Map<string, string>()
  private readonly repositories = new Map<string, KnownRepository>()
  private readonly repositoryNames = new Map<string, string>()

  constructor(
    private readonly keyring: Keyring,
    private readonly onUnsealable: (provider: string, error: unknown) => void,
  ) {}

  findModel(organization: string, name: string): KnownModel | undefined {
    const id = this.modelNames.get(`${organization}/${name}`)
    return id === undefined ? undefined : this.models.get(id)
  }

  /** Of a target or a fallback. */
  findModelById(id: string): KnownModel | undefined {
    return this.models.get(id)
  }

  /** The deployment with an alias; it comes before a model of the same name that its workspace does not see. */
  findDeployment(organization: string, workspace: string, name: string): KnownDeployment | undefined {
    const id = this.deploymentNames.get(`${organization}/${workspace}/${name}`)
    return id === undefined ? undefined : this.deployments.get(id)
  }

  /** Of a fallback. */
  findDeploymentById(id: string): KnownDeployment | undefined {
    return this.deployments.get(id)
  }

  /** In the order of names. */
  listDeployments(workspace: string): KnownDeployment[] {
    return [...this.deployments.values()]
      .filter((deployment) => deployment.workspace === workspace)
      .sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  allDeployments(): Iterable<KnownDeployment> {
    return this.deployments.values()
  }

  /** Of `/r/{name}/v1`. */
  findRepository(organization: string, name: string): KnownRepository | undefined {
    const id = this.repositoryNames.get(`${organization}/${name}`)
    return id === undefined ? undefined : this.repositories.get(id)
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
    const { provider, model, whitelistEntry, deployment, repository } = resource
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
    if (deployment) {
      this.remove('deployment', deployment.id)
      this.resources.set(`deployment/${deployment.id}`, resource)
      this.deployments.set(deployment.id, toKnownDeployment(deployment))
      this.deploymentNames.set(nameOf(deployment), deployment.id)
    }
    if (repository) {
      this.remove('repository', repository.id)
      this.resources.set(`repository/${repository.id}`, resource)
      this.repositories.set(repository.id, toKnownRepository(repository))
      this.repositoryNames.set(`${repository.organization}/${repository.name}`, repository.id)
    }
  }

  remove(kind: string, id: string): void {
    this.resources.delete(`${kind}/${id}`)
    if (kind === 'provider') this.providers.delete(id)
    if (kind === 'whitelist_entry') this.forgetEntry(id)
    if (kind === 'deployment') forget(this.deployments, this.deploymentNames, id, nameOf)
    if (kind === 'model') forget(this.models, this.modelNames, id, nameInOrganization)
    if (kind === 'repository') forget(this.repositories, this.repositoryNames, id, nameInOrganization)
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
    const { id, name, type, baseUrl, workspace, apiVersion, region } = provider
    const credential = this.unseal(provider)
    return {
      ...{ id, name, type, baseUrl, workspace, apiVersion, region, credential },
      authorization: credential?.kind === 'key' ? `Bearer ${credential.key}` : undefined,
      hasCredential: credential !== undefined,
      // The nonce: another one each time that something is sealed.
      credentialId: provider.credential?.ciphertext.subarray(0, 12).toString('base64url') ?? '',
    }
  }

  /** A credential that cannot be unsealed counts as missing: its provider's calls are refused, all others go on. */
  private unseal({ id, type, credential }: catalogV1.Provider): Credential | undefined {
    if (!credential) return undefined
    try {
      return toCredential(type, this.keyring.unseal(credential, `provider/${id}`).toString())
    } catch (error) {
      this.onUnsealable(id, error)
      return undefined
    }
  }
}

interface Named {
  readonly organization: string
  readonly name: string
}

const nameInOrganization = ({ organization, name }: Named) => `${organization}/${name}`
const nameOf = ({ organization, workspace, name }: Named & { readonly workspace: string }) =>
  `${organization}/${workspace}/${name}`

/** The name may already belong to another that was made anew. */
function forget<Known>(
  known: Map<string, Known>,
  names: Map<string, string>,
  id: string,
  toName: (resource: Known) => string,
): void {
  const resource = known.get(id)
  known.delete(id)
  if (resource && names.get(toName(resource)) === id) names.delete(toName(resource))
}
