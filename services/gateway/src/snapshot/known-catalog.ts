import type { catalogV1 } from '@weir/contracts'
import type { ModelFacts, ProviderFacts, WhitelistTerms } from '@weir/rights'
import { parsePrice, type Price } from '@weir/rating'

/** What a provider is called with. */
export type Credential =
  | { readonly kind: 'key'; readonly key: string }
  | {
      readonly kind: 'aws'
      readonly accessKeyId: string
      readonly secretAccessKey: string
      /** Undefined: they are not those of a session. */
      readonly sessionToken: string | undefined
    }

/** A provider as the hot path reads it. */
export interface KnownProvider extends ProviderFacts {
  readonly id: string
  readonly baseUrl: string
  /** Of azure_openai and anthropic, else empty. */
  readonly apiVersion: string
  /** AWS region of bedrock, else empty. */
  readonly region: string
  /** Ready for the upstream's Authorization header; undefined: no credential was given, or it is no single key. */
  readonly authorization: string | undefined
  /** Undefined: none was given. */
  readonly credential: Credential | undefined
  /** Another one after each change of the credential; empty without one. */
  readonly credentialId: string
}

/** A model as the hot path reads it: a public name, or one version of what it points to. */
export interface KnownModel extends ModelFacts {
  readonly id: string
  readonly organization: string
  readonly provider: string
  readonly providerModel: string
  /** In the order of their start. */
  readonly prices: readonly Price[]
  /** Seconds since 1970. */
  readonly created: number
  /** Output tokens that it can make at most; 0: not known. */
  readonly maxOutputTokens: number
  /** The version that this is; 0: the model has none. */
  readonly version: number
  /** Fields of a request that are set when the caller leaves them out; undefined: none. */
  readonly parameters: Readonly<Record<string, unknown>> | undefined
  /** By share of the requests; empty: it has none. */
  readonly versions: readonly WeightedVersion[]
}

/** A version of a model with its share of the requests. */
export interface WeightedVersion {
  readonly weight: number
  readonly model: KnownModel
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

/** A repository as the hot path reads it. */
export interface KnownRepository {
  readonly id: string
  readonly organization: string
  readonly workspace: string
  readonly name: string
  /** Ids. */
  readonly providers: ReadonlySet<string>
}

/** A credential as the catalog has sealed it. Throws nothing: what is not AWS's JSON is a key. */
export function toCredential(type: string, text: string): Credential {
  if (type !== 'bedrock' || !text.startsWith('{')) return { kind: 'key', key: text }
  const given = JSON.parse(text) as Record<string, string | undefined>
  const { access_key_id: accessKeyId = '', secret_access_key: secretAccessKey = '' } = given
  return { kind: 'aws', accessKeyId, secretAccessKey, sessionToken: given['session_token'] }
}

export function toKnownModel(model: catalogV1.Model): KnownModel {
  const plain: KnownModel = {
    id: model.id,
    organization: model.organization,
    name: model.name,
    provider: model.provider,
    providerModel: model.providerModel,
    free: model.free,
    prices: model.prices.map(parsePrice),
    created: Number(model.created),
    maxOutputTokens: model.maxOutputTokens,
    ...{ version: 0, parameters: undefined, versions: [] },
  }
  const versions = model.versions.map((version) => toWeightedVersion(plain, version))
  // Of a versioned model only the versions are called: what is asked of the name is answered by the first.
  return versions[0] ? { ...versions[0].model, versions } : plain
}

function toWeightedVersion(plain: KnownModel, version: catalogV1.ModelVersion): WeightedVersion {
  const { parametersJson, prices, weight } = version
  const parameters =
    parametersJson === '' ? undefined : (JSON.parse(parametersJson) as Record<string, unknown>)
  return {
    weight,
    model: {
      ...plain,
      version: version.version,
      providerModel: version.providerModel,
      parameters,
      prices: plain.free || prices.length === 0 ? plain.prices : prices.map(parsePrice),
    },
  }
}

/** The version that a request gets. @param random from 0 up to 1 */
export function chooseVersion(model: KnownModel, random: number): KnownModel {
  const { versions } = model
  if (versions.length === 0) return model
  let rest = random * versions.reduce((sum, { weight }) => sum + weight, 0)
  for (const version of versions) {
    rest -= version.weight
    if (rest < 0) return version.model
  }
  return versions.at(-1)?.model ?? model
}

export function toKnownEntry(entry: catalogV1.WhitelistEntry): KnownWhitelistEntry {
  const { id, workspace, model, available, rpmLimit, tpmLimit, maxOutputTokens } = entry
  return {
    ...{ id, workspace, model, available, rpmLimit, tpmLimit, maxOutputTokens },
    availableFromMs: Number(entry.availableFromMs),
    availableUntilMs: Number(entry.availableUntilMs),
  }
}

export function toKnownRepository(repository: catalogV1.Repository): KnownRepository {
  const { id, organization, workspace, name, providers } = repository
  return { id, organization, workspace, name, providers: new Set(providers) }
}

/** The price in force at a moment; undefined when none has started. */
export function findPrice(model: KnownModel, atMs: number): Price | undefined {
  return model.prices.findLast((price) => price.effectiveFromMs <= atMs)
}
