import type { identityV1 } from '@weir/contracts'
import { entityKind, type FeedKind } from '@weir/database'
import { Team } from '../team/team.entity.js'
import { VirtualKey } from '../virtual-key/virtual-key.entity.js'
import { Workload } from '../workload/workload.entity.js'
import { Workspace } from '../workspace/workspace.entity.js'
import { toProto } from './to-proto.js'

/** What gateways watch. Virtual keys come last, so that what a key refers to is there before it. */
export const identityKinds: FeedKind<identityV1.IdentityResource>[] = [
  entityKind('team', Team, toProto.team),
  entityKind('workspace', Workspace, toProto.workspace),
  entityKind('workload', Workload, toProto.workload),
  entityKind('virtual_key', VirtualKey, toProto.virtualKey),
]
