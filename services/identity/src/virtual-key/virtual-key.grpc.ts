import { Controller } from '@nestjs/common'
import { identityV1 } from '@weir/contracts'
import { ChangeFeed } from '@weir/database'
import { AppError, invalidFields } from '@weir/errors'
import { In } from 'typeorm'
import { toProto } from '../snapshot/to-proto.js'
import { ancestry } from '../team/team-tree.js'
import { Team } from '../team/team.entity.js'
import { Workload } from '../workload/workload.entity.js'
import { Workspace } from '../workspace/workspace.entity.js'
import { VirtualKey } from './virtual-key.entity.js'

/** Finds a virtual key that was made a moment ago for a gateway that has not heard of it yet. */
@Controller()
@identityV1.VirtualKeyServiceControllerMethods()
export class VirtualKeyGrpc implements identityV1.VirtualKeyServiceController {
  constructor(private readonly changeFeed: ChangeFeed<identityV1.IdentityResource>) {}

  /** A disabled or expired key is found too: the gateway says which it is. */
  resolveVirtualKey({
    hash,
  }: identityV1.ResolveVirtualKeyRequest): Promise<identityV1.ResolveVirtualKeyResponse> {
    if (hash.length !== 32) throw invalidFields([{ field: 'hash', message: 'must have 32 bytes' }])
    return this.changeFeed.inSnapshot(async (manager, { epoch, version }) => {
      const virtualKey = await manager.findOneBy(VirtualKey, { hash })
      if (!virtualKey) throw AppError.of('key_not_found', { key: '(unknown)' })
      const { organization, workspace, workload, team } = virtualKey
      const line = team ? await ancestry(manager, { organization }, team) : []
      const teams = await manager.findBy(Team, { id: In(line) })
      const workspaces = await manager.findBy(Workspace, { id: workspace })
      const workloads = workload ? await manager.findBy(Workload, { id: workload }) : []
      const resources = [
        ...teams.map(toProto.team),
        ...workspaces.map(toProto.workspace),
        ...workloads.map(toProto.workload),
        toProto.virtualKey(virtualKey),
      ]
      return { epoch, version, resources }
    })
  }
}
