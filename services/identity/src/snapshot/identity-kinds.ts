import type { identityV1 } from '@weir/contracts'
import type { FeedKind } from '@weir/database'
import { type FindOptionsWhere, In, MoreThan } from 'typeorm'
import { Team } from '../team/team.entity.js'
import { VirtualKey } from '../virtual-key/virtual-key.entity.js'
import { Workload } from '../workload/workload.entity.js'
import { Workspace } from '../workspace/workspace.entity.js'
import { toProto } from './to-proto.js'

function feedKind<Row extends { id: string }>(
  kind: string,
  entity: new () => Row,
  toResource: (row: Row) => identityV1.IdentityResource,
): FeedKind<identityV1.IdentityResource> {
  const toRow = (row: Row) => ({ id: row.id, resource: toResource(row) })
  return {
    kind,
    async byIds(manager, ids) {
      const rows = await manager.find(entity, { where: { id: In(ids) } as FindOptionsWhere<Row> })
      return rows.map(toRow)
    },
    async page(manager, afterId, take) {
      const where = (afterId === undefined ? {} : { id: MoreThan(afterId) }) as FindOptionsWhere<Row>
      const rows = await manager.find(entity, { where, order: { id: 'ASC' } as never, take })
      return rows.map(toRow)
    },
  }
}

/** What gateways watch. Virtual keys come last, so that what a key refers to is there before it. */
export const identityKinds = [
  feedKind('team', Team, toProto.team),
  feedKind('workspace', Workspace, toProto.workspace),
  feedKind('workload', Workload, toProto.workload),
  feedKind('virtual_key', VirtualKey, toProto.virtualKey),
]
