import { CreateLedger1763700000000 } from './1763700000000-create-ledger.js'
import { AddUsageUnits1763751000000 } from './1763751000000-add-usage-units.js'
import { ProtectTenants1763741000000 } from './1763741000000-protect-tenants.js'
import { CreateRetention1763752000000 } from './1763752000000-create-retention.js'
import { AddRoutes1763764000000 } from './1763764000000-add-routes.js'

/** In the order in which they run. */
export const migrations = [
  CreateLedger1763700000000,
  ProtectTenants1763741000000,
  AddUsageUnits1763751000000,
  CreateRetention1763752000000,
  AddRoutes1763764000000,
]
