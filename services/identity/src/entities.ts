import { Organization } from './organization/organization.entity.js'
import { Team } from './team/team.entity.js'
import { VirtualKey } from './virtual-key/virtual-key.entity.js'
import { Workload } from './workload/workload.entity.js'
import { Workspace } from './workspace/workspace.entity.js'

/** Every table that is read as objects. */
export const entities = [Organization, Team, Workspace, Workload, VirtualKey]
