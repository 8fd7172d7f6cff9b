import type { identityV1 } from '@weir/contracts'
import type { Team } from '../team/team.entity.js'
import type { VirtualKey } from '../virtual-key/virtual-key.entity.js'
import type { Workload } from '../workload/workload.entity.js'
import type { Workspace } from '../workspace/workspace.entity.js'

/** Of a virtual key what gateways get. */
export type WatchedVirtualKey = Pick<
  VirtualKey,
  | ('id' | 'organization' | 'hash' | 'name' | 'workspace' | 'workload' | 'team')
  | ('type' | 'disabled' | 'expiresAt' | 'models' | 'endpoints')
>

function toSelection(models: string[] | null): identityV1.ModelSelection {
  return models === null || models.includes('*') ? { all: true, names: [] } : { all: false, names: models }
}

/** Identity's resources as the gateway gets them. */
export const toProto = {
  team: ({ id, organization, parent, models }: Team): identityV1.IdentityResource => ({
    team: { id, organization, parent: parent ?? '', models: toSelection(models) },
  }),
  workspace: ({ id, organization, name, environment }: Workspace): identityV1.IdentityResource => ({
    workspace: { id, organization, name, environment },
  }),
  workload: ({ id, organization, workspace, name, models }: Workload): identityV1.IdentityResource => ({
    workload: { id, organization, workspace, name, models: toSelection(models) },
  }),
  virtualKey: (virtualKey: WatchedVirtualKey): identityV1.IdentityResource => ({
    virtualKey: {
      id: virtualKey.id,
      organization: virtualKey.organization,
      hash: virtualKey.hash,
      name: virtualKey.name,
      workspace: virtualKey.workspace,
      workload: virtualKey.workload ?? '',
      team: virtualKey.team ?? '',
      type: virtualKey.type,
      disabled: virtualKey.disabled,
      expiresAtMs: String(virtualKey.expiresAt?.getTime() ?? 0),
      models: toSelection(virtualKey.models),
      endpoints: virtualKey.endpoints ?? [],
    },
  }),
}

/** About how many bytes a resource has on the wire; only lists of models make one large. */
export function sizeOf({ team, workload, virtualKey }: identityV1.IdentityResource): number {
  const names = (team ?? workload ?? virtualKey)?.models?.names ?? []
  return names.reduce((bytes, name) => bytes + name.length, 500)
}
