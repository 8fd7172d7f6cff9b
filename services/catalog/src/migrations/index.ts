import { CreateCatalog1763700000000 } from './1763700000000-create-catalog.js'
import { ProtectTenants1763741000000 } from './1763741000000-protect-tenants.js'
import { CreateWhitelist1763742000000 } from './1763742000000-create-whitelist.js'
import { RecordChanges1763743000000 } from './1763743000000-record-changes.js'
import { RecordWhitelist1763746000000 } from './1763746000000-record-whitelist.js'
import { ProviderTypes1763753000000 } from './1763753000000-provider-types.js'
import { LimitModelOutput1763754000000 } from './1763754000000-limit-model-output.js'
import { ServiceTiers1763755000000 } from './1763755000000-service-tiers.js'
import { CreateDeployments1763761000000 } from './1763761000000-create-deployments.js'
import { CreateRepositories1763762000000 } from './1763762000000-create-repositories.js'
import { CreateModelVersions1763763000000 } from './1763763000000-create-model-versions.js'

/** Every migration, oldest first. */
export const migrations = [
  CreateCatalog1763700000000,
  ProtectTenants1763741000000,
  CreateWhitelist1763742000000,
  RecordChanges1763743000000,
  RecordWhitelist1763746000000,
  ProviderTypes1763753000000,
  LimitModelOutput1763754000000,
  ServiceTiers1763755000000,
  CreateDeployments1763761000000,
  CreateRepositories1763762000000,
  CreateModelVersions1763763000000,
]
