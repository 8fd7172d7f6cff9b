import { CreateRollups1763700000000 } from './1763700000000-create-rollups.js'
import { AddUsageUnits1763751000000 } from './1763751000000-add-usage-units.js'
import { ProtectTenants1763741000000 } from './1763741000000-protect-tenants.js'

/** In the order in which they run. */
export const migrations = [
  CreateRollups1763700000000,
  ProtectTenants1763741000000,
  AddUsageUnits1763751000000,
]
