import { CreateIdentity1763700000000 } from './1763700000000-create-identity.js'
import { RateLimits1763740000000 } from './1763740000000-rate-limits.js'
import { ProtectTenants1763741000000 } from './1763741000000-protect-tenants.js'
import { CreatePeople1763742000000 } from './1763742000000-create-people.js'
import { CreateAuditTrail1763743000000 } from './1763743000000-create-audit-trail.js'
import { KeyRights1763744000000 } from './1763744000000-key-rights.js'
import { RecordPeople1763746000000 } from './1763746000000-record-people.js'
import { PersonalKeys1763747000000 } from './1763747000000-personal-keys.js'
import { Openid1763748000000 } from './1763748000000-openid.js'
import { DeletedWorkspaces1763749000000 } from './1763749000000-deleted-workspaces.js'
import { WorkspaceSettings1763750000000 } from './1763750000000-workspace-settings.js'

/** Every migration, oldest first. */
export const migrations = [
  CreateIdentity1763700000000,
  RateLimits1763740000000,
  ProtectTenants1763741000000,
  CreatePeople1763742000000,
  CreateAuditTrail1763743000000,
  KeyRights1763744000000,
  RecordPeople1763746000000,
  PersonalKeys1763747000000,
  Openid1763748000000,
  DeletedWorkspaces1763749000000,
  WorkspaceSettings1763750000000,
]
