import type { catalogV1 } from '@weir/contracts'
import { entityKind, joinedKind, type FeedKind } from '@weir/database'
import { Deployment } from '../deployment/deployment.entity.js'
import { Model } from '../model/model.entity.js'
import { readVersions } from '../model-version/read-versions.js'
import { readPrices } from '../price/model-prices.js'
import { Provider } from '../provider/provider.entity.js'
import { Repository } from '../repository/repository.entity.js'
import { WhitelistEntry } from '../whitelist/whitelist-entry.entity.js'
import { deploymentToProto } from './deployment-to-proto.js'
import { toProto } from './to-proto.js'

/** What gateways watch. Prices and versions come with their models. */
export const catalogKinds: FeedKind<catalogV1.CatalogResource>[] = [
  entityKind('provider', Provider, toProto.provider),
  joinedKind('model', Model, async (manager, models) => {
    const ids = models.map(({ id }) => id)
    const prices = await readPrices(manager, ids)
    const versions = await readVersions(manager, ids)
    return models.map((model) =>
      toProto.model(model, prices.get(model.id) ?? [], versions.get(model.id) ?? []),
    )
  }),
  entityKind('whitelist_entry', WhitelistEntry, toProto.whitelistEntry),
  entityKind('deployment', Deployment, deploymentToProto),
  entityKind('repository', Repository, toProto.repository),
]
