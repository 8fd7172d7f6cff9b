import type { catalogV1 } from '@weir/contracts'
import type { Model } from '../model/model.entity.js'
import type { VersionInForce } from '../model-version/read-versions.js'
import type { Price } from '../price/price.entity.js'
import { azureV1 } from '../provider/provider-type.js'
import type { Provider } from '../provider/provider.entity.js'
import type { Repository } from '../repository/repository.entity.js'
import type { WhitelistEntry } from '../whitelist/whitelist-entry.entity.js'

function toSealedSecret({
  keyVersion,
  wrappedKey,
  ciphertext,
}: Provider): catalogV1.SealedSecret | undefined {
  return keyVersion !== null && wrappedKey && ciphertext ? { keyVersion, wrappedKey, ciphertext } : undefined
}

/** The catalog's resources as the gateway and metering get them. */
export const toProto = {
  provider: (provider: Provider): catalogV1.CatalogResource => ({
    provider: {
      id: provider.id,
      organization: provider.organization,
      name: provider.name,
      type: provider.type,
      baseUrl: provider.baseUrl ?? '',
      credential: toSealedSecret(provider),
      workspace: provider.workspace ?? '',
      apiVersion: provider.apiVersion === azureV1 ? '' : (provider.apiVersion ?? ''),
      region: provider.region ?? '',
    },
  }),
  model: (model: Model, prices: Price[], versions: VersionInForce[] = []): catalogV1.CatalogResource => ({
    model: {
      id: model.id,
      organization: model.organization,
      name: model.name,
      provider: model.provider,
      providerModel: model.providerModel,
      prices: model.priceSource === 'free' ? [] : prices.map(toProto.price),
      free: model.priceSource === 'free',
      created: String(Math.floor(model.createdAt.getTime() / 1000)),
      maxOutputTokens: model.maxOutputTokens ?? 0,
      versions: versions.map(({ version, prices: own }) => ({
        version: version.version,
        providerModel: version.providerModel,
        parametersJson: Object.keys(version.parameters).length > 0 ? JSON.stringify(version.parameters) : '',
        weight: version.weight,
        prices: model.priceSource === 'free' ? [] : own.map(toProto.price),
      })),
    },
  }),
  whitelistEntry: (entry: WhitelistEntry): catalogV1.CatalogResource => ({
    whitelistEntry: {
      id: entry.id,
      organization: entry.organization,
      workspace: entry.workspace,
      model: entry.model,
      available: entry.available,
      availableFromMs: String(entry.availableFrom?.getTime() ?? 0),
      availableUntilMs: String(entry.availableUntil?.getTime() ?? 0),
      rpmLimit: entry.rpmLimit ?? 0,
      tpmLimit: entry.tpmLimit ?? 0,
      maxOutputTokens: entry.maxOutputTokens ?? 0,
    },
  }),
  repository: ({ id, organization, workspace, name, providers }: Repository): catalogV1.CatalogResource => ({
    repository: { id, organization, workspace, name, providers },
  }),
  price: ({ id, effectiveFrom, rates, serviceTiers }: Price): catalogV1.Price => ({
    id,
    effectiveFromMs: String(effectiveFrom.getTime()),
    rates,
    serviceTiers: serviceTiers ?? [],
  }),
}
