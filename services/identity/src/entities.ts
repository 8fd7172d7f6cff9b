import { Invitation } from './member/invitation.entity.js'
import { Member } from './member/member.entity.js'
import { Organization } from './organization/organization.entity.js'
import { ServiceAccount } from './service-account/service-account.entity.js'
import { Session } from './session/session.entity.js'
import { Team } from './team/team.entity.js'
import { User } from './user/user.entity.js'
import { VirtualKey } from './virtual-key/virtual-key.entity.js'
import { Workload } from './workload/workload.entity.js'
import { Workspace } from './workspace/workspace.entity.js'

/** Every table that is read as objects. */
export const entities = [
  ...[Organization, Team, Workspace, Workload, VirtualKey],
  ...[User, Member, Invitation, ServiceAccount, Session],
]
