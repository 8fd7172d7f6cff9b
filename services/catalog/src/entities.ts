import { Deployment } from './deployment/deployment.entity.js'
import { Model } from './model/model.entity.js'
import { ModelVersion } from './model-version/model-version.entity.js'
import { VersionChange } from './model-version/version-change.entity.js'
import { Price } from './price/price.entity.js'
import { Provider } from './provider/provider.entity.js'
import { Repository } from './repository/repository.entity.js'
import { WhitelistEntry } from './whitelist/whitelist-entry.entity.js'

/** Every table that is read as objects. */
export const entities = [
  Provider,
  Model,
  Price,
  WhitelistEntry,
  Deployment,
  Repository,
  ModelVersion,
  VersionChange,
]
