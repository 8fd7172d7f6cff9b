import { Controller } from '@nestjs/common'
import { identityV1 } from '@weir/contracts'
import { asService } from '@weir/audit'
import { ChangeFeed } from '@weir/database'
import { AppError, invalidFields } from '@weir/errors'
import { DataSource, In, MoreThan } from 'typeorm'
import { toProto } from '../snapshot/to-proto.js'
import { ancestry } from '../team/team-tree.js'
import { Organization } from '../organization/organization.entity.js'
import { Team } from '../team/team.entity.js'
import { Workload } from '../workload/workload.entity.js'
import { Workspace } from '../workspace/workspace.entity.js'
import { VirtualKey } from './virtual-key.entity.js'

const maxUses = 5_000

/** Finds a virtual key that was made a moment ago for a gateway that has not heard of it yet. */
@Controller()
@identityV1.VirtualKeyServiceControllerMethods()
export class VirtualKeyGrpc implements identityV1.VirtualKeyServiceController {
  constructor(
    private readonly changeFeed: ChangeFeed<identityV1.IdentityResource>,
    private readonly dataSource: DataSource,
  ) {}

  /** A disabled or expired key is found too: the gateway says which it is. */
  resolveVirtualKey({
    hash,
  }: identityV1.ResolveVirtualKeyRequest): Promise<identityV1.ResolveVirtualKeyResponse> {
    if (hash.length !== 32) throw invalidFields([{ field: 'hash', message: 'must have 32 bytes' }])
    return this.changeFeed.inSnapshot(async (manager, { epoch, version }) => {
      const virtualKey = await manager.findOneBy(VirtualKey, [
        { hash },
        { previousHash: hash, previousUntil: MoreThan(new Date()) },
      ])
      if (!virtualKey) throw AppError.of('key_not_found', { key: '(unknown)' })
      const { organization, workspace, workload, team } = virtualKey
      const organizations = await manager.findBy(Organization, { id: organization })
      const line = team ? await ancestry(manager, { organization }, team) : []
      const teams = await manager.findBy(Team, { id: In(line) })
      const workspaces = await manager.findBy(Workspace, { id: workspace })
      const workloads = workload ? await manager.findBy(Workload, { id: workload }) : []
      const resources = [
        ...organizations.map(toProto.organization),
        ...teams.map(toProto.team),
        ...workspaces.map(toProto.workspace),
        ...workloads.map(toProto.workload),
        toProto.virtualKey(virtualKey),
      ]
      return { epoch, version, resources }
    })
  }

  /** Nobody watches it: a use is no change. */
  async reportVirtualKeyUses({
    uses,
  }: identityV1.ReportVirtualKeyUsesRequest): Promise<identityV1.ReportVirtualKeyUsesResponse> {
    if (uses.length > maxUses) {
      throw invalidFields([{ field: 'uses', message: `must have at most ${maxUses} entries` }])
    }
    await asService('report-virtual-key-uses', () =>
      this.dataSource.transaction(async (manager) => {
        for (const [table, ids] of [
          ['virtual_key', uses.map(({ virtualKey }) => virtualKey)],
          ['workload', uses.map(({ workload }) => workload)],
        ] as const) {
          await manager.query(
            `UPDATE ${table} SET last_used_at = used.at
             FROM (SELECT organization, id, to_timestamp(max(at_ms) / 1000.0) AS at
                   FROM unnest($1::text[], $2::text[], $3::bigint[]) AS use (organization, id, at_ms)
                   WHERE id <> '' GROUP BY organization, id) AS used
             WHERE ${table}.id = used.id AND ${table}.organization = used.organization
               AND (last_used_at IS NULL OR last_used_at < used.at)`,
            [uses.map(({ organization }) => organization), ids, uses.map(({ usedAtMs }) => usedAtMs)],
          )
        }
      }),
    )
    return {}
  }
}
