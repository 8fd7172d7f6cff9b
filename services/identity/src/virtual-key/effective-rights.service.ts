import { Injectable } from '@nestjs/common'
import type { catalogV1, policyV1 } from '@weir/contracts'
import { afterCursor, type Caller } from '@weir/http'
import {
  findDeploymentRefusal,
  findGovernanceRefusal,
  findKeyRefusal,
  findModelRefusal,
  findPlaceRefusal,
  findRepositoryModelRefusal,
  findTargetsRefusal,
  findUnreadiness,
  type Governance,
  type KeyPlace,
  type KeyRights,
  type ModelUse,
  type Refusal,
  refusal,
  type RepositoryFacts,
  toModelSet,
  toSourceNetworks,
} from '@weir/rights'
import { DataSource, In } from 'typeorm'
import { Organization } from '../organization/organization.entity.js'
import { CatalogReferences } from '../reference/catalog-references.js'
import { PolicyBudgets } from '../reference/policy-budgets.js'
import { ancestry } from '../team/team-tree.js'
import { Team } from '../team/team.entity.js'
import { Workload } from '../workload/workload.entity.js'
import { Workspace } from '../workspace/workspace.entity.js'
import type { EffectiveModel, EffectiveRights } from './effective-rights.js'
import type { EffectiveRightsQuery } from './effective-rights.dto.js'
import type { VirtualKey } from './virtual-key.entity.js'
import { VirtualKeyService } from './virtual-key.service.js'

/** Tells what a virtual key may do, by the computation that the gateways use. */
@Injectable()
export class EffectiveRightsService {
  constructor(
    private readonly virtualKeys: VirtualKeyService,
    private readonly dataSource: DataSource,
    private readonly catalog: CatalogReferences,
    private readonly policy: PolicyBudgets,
  ) {}

  async get(caller: Caller, id: string, query: EffectiveRightsQuery): Promise<EffectiveRights> {
    const virtualKey = await this.virtualKeys.get(caller, id)
    const { organization } = caller
    const { manager } = this.dataSource
    const of = await manager.findOneBy(Organization, { id: organization })
    const workspace = await manager.findOneBy(Workspace, { id: virtualKey.workspace, organization })
    const workload = virtualKey.workload
      ? await manager.findOneBy(Workload, { id: virtualKey.workload, organization })
      : null
    const teams = await this.lineOf(caller, virtualKey.team)
    const whitelist = await this.catalog.listWorkspaceModels({
      organization,
      workspace: virtualKey.workspace,
      afterName: afterCursor(query.cursor) ?? '',
      limit: query.limit + 1,
    })
    const budgets = await this.policy.find({ organization, scopes: scopesOf(virtualKey, teams) })
    const nowMs = Date.now()
    const key = toKeyRights(virtualKey)
    const governance: Governance = {
      key,
      workload: workload ? { models: toModelSet(workload.models) } : undefined,
      team: teams.at(-1) && {
        path: teams.map((team) => team.id).join('/'),
        models: teams.map((team) => toModelSet(team.models)),
      },
    }
    const { endpoint, source } = query
    const placeOf = (name: string | undefined): KeyPlace => {
      const found = whitelist.repositories.find((one) => one.name === name)
      const path = name === undefined ? '/v1' : `/r/${name}/v1`
      return { path, repositoryName: name, repository: found && toRepositoryFacts(found) }
    }
    const ofKey = findKeyRefusal(key, { endpoint, path: endpoint, source: source ?? null, nowMs })
    const place = placeOf(query.repository)
    const atAll = ofKey ?? findPlaceRefusal(key, place)
    const none = atAll ?? findGovernanceRefusal(governance)
    const { isWhitelisted } = whitelist
    const targetOf = (id: string) => whitelist.targets.find(({ model }) => model?.id === id)
    const models = whitelist.models.map((model): EffectiveModel => {
      const use = toUse(model, isWhitelisted, nowMs)
      const refused =
        atAll ??
        findModelRefusal(governance, use) ??
        (place.repository && findRepositoryModelRefusal(place.repository, use)) ??
        findUnreadiness(use)
      return { name: use.name, refusal: refused, entry: use.entry }
    })
    return {
      ...{ nowMs, virtualKey, refusal: atAll, organization: of, workspace, workload, teams },
      ...{ budgets, isWhitelisted, models },
      deployments: whitelist.deployments.map(({ name, models }) => {
        const facts = { name, workspace: virtualKey.workspace }
        const below = place.repository && toNotFound(name)
        const targets = models.map((id) => toUse(targetOf(id), isWhitelisted, nowMs))
        const refused =
          none ?? below ?? findDeploymentRefusal(key, facts) ?? findTargetsRefusal(governance, targets)
        return { name, refusal: refused }
      }),
      repositories: whitelist.repositories.map(({ name }) => ({
        name,
        refusal: ofKey ?? findPlaceRefusal(key, placeOf(name)),
      })),
    }
  }

  private async lineOf({ organization }: Caller, team: string | null): Promise<Team[]> {
    if (!team) return []
    const line = await ancestry(this.dataSource.manager, { organization }, team)
    const teams = await this.dataSource.manager.findBy(Team, { id: In(line), organization })
    return line.flatMap((id) => teams.find((one) => one.id === id) ?? []).reverse()
  }
}

/** All that calls with the key are paid from, from the top down. */
function scopesOf(
  { id, organization, workspace, workload }: VirtualKey,
  teams: Team[],
): policyV1.BudgetScope[] {
  return [
    { scope: 'organization', scopeId: organization },
    ...teams.map((team) => ({ scope: 'team', scopeId: team.id })),
    { scope: 'workspace', scopeId: workspace },
    ...(workload ? [{ scope: 'workload', scopeId: workload }] : []),
    { scope: 'key', scopeId: id },
  ]
}

function toKeyRights(virtualKey: VirtualKey): KeyRights {
  return {
    id: virtualKey.id,
    type: virtualKey.type,
    disabled: virtualKey.disabled,
    expiresAtMs: virtualKey.expiresAt?.getTime() ?? 0,
    workspace: virtualKey.workspace,
    workload: virtualKey.workload ?? '',
    team: virtualKey.team ?? '',
    models: toModelSet(virtualKey.models),
    endpoints: virtualKey.endpoints ?? [],
    deployments: virtualKey.deployments ? new Set(virtualKey.deployments) : undefined,
    repositories: virtualKey.repositories ? new Set(virtualKey.repositories) : undefined,
    sources: virtualKey.sourceNetworks ? toSourceNetworks(virtualKey.sourceNetworks) : undefined,
  }
}

function toRepositoryFacts({ name, workspace, providers }: catalogV1.Repository): RepositoryFacts {
  return { name, workspace, providers: new Set(providers) }
}

/** Repositories have models alone: the name of a deployment means nothing below them. */
const toNotFound = (name: string): Refusal => refusal('model_not_found', { model: name }, 'model')

function toUse(seen: catalogV1.WorkspaceModel | undefined, isWhitelisted: boolean, nowMs: number): ModelUse {
  const { model, provider, hasCredential = false, whitelistEntry: entry } = seen ?? {}
  const name = model?.name ?? ''
  return {
    name,
    model: model && {
      name,
      free: model.free,
      prices: model.prices.map(({ effectiveFromMs }) => ({ effectiveFromMs: Number(effectiveFromMs) })),
    },
    provider: provider && {
      name: provider.name,
      type: provider.type,
      workspace: provider.workspace,
      hasCredential,
    },
    providerId: model?.provider ?? '',
    isWhitelisted,
    entry: entry && {
      available: entry.available,
      availableFromMs: Number(entry.availableFromMs),
      availableUntilMs: Number(entry.availableUntilMs),
      rpmLimit: entry.rpmLimit,
      tpmLimit: entry.tpmLimit,
      maxOutputTokens: entry.maxOutputTokens,
    },
    nowMs,
  }
}
