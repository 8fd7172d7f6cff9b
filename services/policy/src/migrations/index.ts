import { CreateBudgets1763740100000 } from './1763740100000-create-budgets.js'
import { CreatePolicies1763900000000 } from './1763900000000-create-policies.js'
import { EndRuns1763760000000 } from './1763760000000-end-runs.js'
import { IndexCharges1763750000000 } from './1763750000000-index-charges.js'
import { ThinChargeIndex1763761000000 } from './1763761000000-thin-charge-index.js'
import { ProtectTenants1763746000000 } from './1763746000000-protect-tenants.js'

/** In the order in which they run. */
export const migrations = [
  CreateBudgets1763740100000,
  ProtectTenants1763746000000,
  IndexCharges1763750000000,
  EndRuns1763760000000,
  ThinChargeIndex1763761000000,
  CreatePolicies1763900000000,
]
