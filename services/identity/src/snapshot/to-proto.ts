import type { identityV1 } from '@weir/contracts'
import type { Limits, RateLimits } from '../limit/limits.entity.js'
import type { Member } from '../member/member.entity.js'
import type { Organization } from '../organization/organization.entity.js'
import type { Team } from '../team/team.entity.js'
import type { User } from '../user/user.entity.js'
import type { VirtualKey } from '../virtual-key/virtual-key.entity.js'
import type { Workload } from '../workload/workload.entity.js'
import type { Workspace } from '../workspace/workspace.entity.js'

/** Of a virtual key what gateways get. */
export type WatchedVirtualKey = Pick<
  VirtualKey,
  | ('id' | 'organization' | 'hash' | 'name' | 'workspace' | 'workload' | 'team')
  | ('type' | 'disabled' | 'expiresAt' | 'models' | 'endpoints')
  | ('sourceNetworks' | 'previousHash' | 'previousUntil' | 'deployments' | 'repositories')
> &
  Limits

function toSelection(models: string[] | null): identityV1.ModelSelection {
  return models === null || models.includes('*') ? { all: true, names: [] } : { all: false, names: models }
}

/** Absent when nothing is limited, since few keys are. */
function toRates(limits: RateLimits): { rates?: identityV1.RateLimits } {
  const rates = {
    requestsPerMinute: limits.rpmLimit ?? 0,
    tokensPerMinute: limits.tpmLimit ?? 0,
    inputTokensPerMinute: limits.inputTpmLimit ?? 0,
    outputTokensPerMinute: limits.outputTpmLimit ?? 0,
    parallelRequests: limits.maxParallelRequests ?? 0,
  }
  return Object.values(rates).some((limit) => limit > 0) ? { rates } : {}
}

/** Absent when there is no limit, since few keys have one. */
function toMoney({ maxBudgetNanoUsd, budgetDuration }: Omit<Limits, keyof RateLimits>): {
  money?: identityV1.MoneyLimit
} {
  if (maxBudgetNanoUsd === null) return {}
  return { money: { amountNanoUsd: String(maxBudgetNanoUsd), duration: budgetDuration ?? '' } }
}

/** Absent but for the few keys that were rotated with a grace. */
function toPrevious({ previousHash, previousUntil }: WatchedVirtualKey) {
  return previousHash && previousUntil
    ? { previousHash, previousUntilMs: String(previousUntil.getTime()) }
    : {}
}

/** Absent but for the few keys that are limited to some. */
function toScopes({ deployments, repositories }: WatchedVirtualKey) {
  return {
    ...(deployments && { deployments: { names: deployments } }),
    ...(repositories && { repositories: { names: repositories } }),
  }
}

/** Identity's resources as the gateway gets them. */
export const toProto = {
  organization: ({ id, ...limits }: Organization): identityV1.IdentityResource => ({
    organization: { id, ...toRates(limits) },
  }),
  team: ({ id, organization, parent, models, ...limits }: Team): identityV1.IdentityResource => ({
    team: {
      ...{ id, organization, parent: parent ?? '', models: toSelection(models) },
      ...toRates(limits),
      ...toMoney(limits),
    },
  }),
  workspace: ({ id, organization, name, environment, ...rest }: Workspace): identityV1.IdentityResource => ({
    workspace: {
      ...{ id, organization, name, environment, ...toRates(rest) },
      settings: {
        responseCache: rest.responseCache,
        responseCacheTtlS: rest.responseCacheTtlS,
        contentLogging: rest.contentLogging,
        retentionDays: rest.retentionDays ?? 0,
      },
    },
  }),
  workload: (workload: Workload): identityV1.IdentityResource => ({
    workload: {
      id: workload.id,
      organization: workload.organization,
      workspace: workload.workspace,
      name: workload.name,
      models: toSelection(workload.models),
      ...toRates(workload),
    },
  }),
  user: ({ id, organization, openidIdentity, disabled }: User): identityV1.IdentityResource => ({
    user: { id, organization, openidIdentity: openidIdentity ?? '', disabled },
  }),
  member: ({ workspace, userId, organization }: Member): identityV1.IdentityResource => ({
    member: { id: `${workspace}/${userId}`, organization, workspace, user: userId },
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
      sourceNetworks: virtualKey.sourceNetworks ?? [],
      ...toScopes(virtualKey),
      ...toPrevious(virtualKey),
      ...toRates(virtualKey),
      ...toMoney(virtualKey),
    },
  }),
}

/** About how many bytes a resource has on the wire; only lists of models make one large. */
export function sizeOf({ team, workload, virtualKey }: identityV1.IdentityResource): number {
  const names = (team ?? workload ?? virtualKey)?.models?.names ?? []
  return names.reduce((bytes, name) => bytes + name.length, 500)
}
