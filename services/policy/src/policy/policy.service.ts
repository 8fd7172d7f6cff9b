import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, isUniqueViolation, newId } from '@weir/database'
import { AppError } from '@weir/errors'
import { afterCursor, authorizeIn, type Caller, decodeCursor, isVisible } from '@weir/http'
import { type EntityManager, LessThan, MoreThan, Repository } from 'typeorm'
import { ScopeDirectory } from '../budget/scope-directory.js'
import { nameOf } from './caller-name.js'
import { findPlanMistake, type Plan, toPlan } from './plan.js'
import type { PlanDto } from './plan.dto.js'
import type { CreatePolicyDto, ListPoliciesQuery, PolicyScopeDto, UpdatePolicyDto } from './policy.dto.js'
import { Policy, type PolicyContent, PolicyVersion } from './policy.entity.js'
import type { ListVersionsQuery } from './policy-version.dto.js'

const kind = 'policy'

/** Each request is looked at for all that apply. */
const maxPolicies = 1_000

type Scope = Pick<Policy, 'workspace' | 'repository' | 'deployments' | 'workloads' | 'models'>

/** Rules on what is sent to models and what they answer. */
@Injectable()
export class PolicyService {
  constructor(
    @InjectRepository(Policy) private readonly policies: Repository<Policy>,
    @InjectRepository(PolicyVersion) private readonly versions: Repository<PolicyVersion>,
    private readonly changeLog: ChangeLog,
    private readonly directory: ScopeDirectory,
  ) {}

  /** The plan that a policy would have. */
  plan({ text, detectors }: PlanDto): Plan {
    return toPlan(text, detectors ?? null)
  }

  async create(caller: Caller, dto: CreatePolicyDto): Promise<Policy> {
    const { organization } = caller
    const scope = await this.resolve(caller, dto.scope)
    authorizeIn(caller, scope.workspace)
    const content: PolicyContent = {
      ...{ name: dto.name, text: dto.text, risk: dto.risk ?? 'medium', detectors: dto.detectors ?? null },
      ...scope,
      plan: toPlan(dto.text, dto.detectors ?? null),
      ...{ action: dto.action, mode: dto.mode, appliesTo: dto.applies_to },
      ...{ message: dto.message ?? null, owner: dto.owner ?? null, onFailure: dto.on_failure ?? null },
    }
    refuseMistakes(content)
    const id = newId('pol')
    await this.write(content.name, async (manager, changed) => {
      if ((await manager.countBy(Policy, { organization })) >= maxPolicies) {
        const reason = `The organization has ${maxPolicies} policies, which is the most. Delete one first.`
        throw AppError.of('invalid_request', { reason })
      }
      const created: object = { id, organization, ...content, version: 1 }
      await manager.insert(Policy, created)
      await manager.insert(PolicyVersion, {
        ...{ policy: id, version: 1, changedBy: nameOf(caller) },
        content: content as object,
      })
      changed({ organization, kind, id, action: 'created' })
    })
    return this.get(caller, id)
  }

  async get(caller: Caller, idOrName: string): Promise<Policy> {
    const { organization } = caller
    const policy = await this.policies.findOneBy([
      { organization, id: idOrName },
      { organization, name: idOrName },
    ])
    if (!policy || !isVisible(caller, policy.workspace))
      throw AppError.of('policy_not_found', { policy: idOrName })
    return policy
  }

  /** Row-level security leaves out those of workspaces that the caller does not see. */
  list({ organization }: Caller, { limit, cursor, workspace, mode }: ListPoliciesQuery): Promise<Policy[]> {
    const after = afterCursor(cursor)
    return this.policies.find({
      where: {
        organization,
        ...(after && { id: MoreThan(after) }),
        ...(workspace !== undefined && { workspace }),
        ...(mode && { mode }),
      },
      order: { id: 'ASC' },
      take: limit + 1,
    })
  }

  async listVersions(
    caller: Caller,
    idOrName: string,
    { limit, cursor }: ListVersionsQuery,
  ): Promise<PolicyVersion[]> {
    const { id: policy } = await this.get(caller, idOrName)
    const before = cursor === undefined ? undefined : Number(decodeCursor(cursor, 1)[0])
    return this.versions.find({
      where: { policy, ...(Number.isSafeInteger(before) && { version: LessThan(before as number) }) },
      order: { version: 'DESC' },
      take: limit + 1,
    })
  }

  async update(caller: Caller, idOrName: string, dto: UpdatePolicyDto): Promise<Policy> {
    const { id, organization, workspace } = await this.get(caller, idOrName)
    authorizeIn(caller, workspace)
    const scope = dto.scope && (await this.resolve(caller, dto.scope))
    if (scope) authorizeIn(caller, scope.workspace)
    await this.write(dto.name ?? '', async (manager, changed) => {
      const policy = await lock(manager, { id, organization })
      Object.assign(policy, scope, changesOf(dto))
      policy.plan = toPlan(policy.text, policy.detectors)
      policy.version++
      policy.updatedAt = new Date()
      refuseMistakes(policy)
      await manager.save(policy)
      await manager.insert(PolicyVersion, {
        ...{ policy: id, version: policy.version, changedBy: nameOf(caller) },
        content: contentOf(policy) as object,
      })
      changed({ organization, kind, id, action: 'updated' })
    })
    return this.get(caller, id)
  }

  async delete(caller: Caller, idOrName: string): Promise<void> {
    const { id, organization, workspace } = await this.get(caller, idOrName)
    authorizeIn(caller, workspace)
    await this.changeLog.write(async (manager, changed) => {
      const { affected } = await manager.delete(Policy, { id, organization })
      if (affected) changed({ organization, kind, id, action: 'deleted' })
    })
  }

  /** @throws AppError workspace_not_found, workload_not_found, invalid_request */
  private async resolve(caller: Caller, dto: PolicyScopeDto): Promise<Scope> {
    const { workspace = null, repository = null, deployments = [], workloads = [], models = [] } = dto
    if (workspace !== null && repository !== null) {
      const reason = 'scope: may name a workspace or a repository, not both; a repository is of one workspace'
      throw AppError.of('invalid_request', { reason }, { param: 'scope' })
    }
    if (workspace !== null) {
      const organization = await this.directory.organizationOf('workspace', workspace)
      if (organization !== caller.organization || !isVisible(caller, workspace))
        throw AppError.of('workspace_not_found', { workspace }, { param: 'scope' })
    }
    for (const workload of workloads) {
      const organization = await this.directory.organizationOf('workload', workload)
      if (organization !== caller.organization)
        throw AppError.of('workload_not_found', { workload }, { param: 'scope' })
    }
    return { workspace, repository, deployments, workloads, models }
  }

  private async write(name: string, work: Parameters<ChangeLog['write']>[0]): Promise<void> {
    try {
      await this.changeLog.write(work)
    } catch (error) {
      if (isUniqueViolation(error)) throw AppError.of('already_exists', { kind, id: name })
      throw error
    }
  }
}

async function lock(manager: EntityManager, where: { id: string; organization: string }): Promise<Policy> {
  const policy = await manager.findOne(Policy, { where, lock: { mode: 'pessimistic_write' } })
  if (!policy) throw AppError.of('policy_not_found', { policy: where.id })
  return policy
}

/** What a change sets; null removes. */
function changesOf(dto: UpdatePolicyDto): Partial<Policy> {
  return {
    ...(dto.name !== undefined && { name: dto.name }),
    ...(dto.text !== undefined && { text: dto.text }),
    ...(dto.risk !== undefined && { risk: dto.risk }),
    ...(dto.detectors !== undefined && { detectors: dto.detectors }),
    ...(dto.action !== undefined && { action: dto.action }),
    ...(dto.mode !== undefined && { mode: dto.mode }),
    ...(dto.applies_to !== undefined && { appliesTo: dto.applies_to }),
    ...(dto.message !== undefined && { message: dto.message }),
    ...(dto.owner !== undefined && { owner: dto.owner }),
    ...(dto.on_failure !== undefined && { onFailure: dto.on_failure }),
  }
}

function contentOf(policy: Policy): PolicyContent {
  const { name, text, workspace, repository, deployments, workloads, models } = policy
  const { risk, detectors, plan, action, mode, appliesTo, message, owner, onFailure } = policy
  return {
    ...{ name, text, workspace, repository, deployments, workloads, models },
    ...{ risk, detectors, plan, action, mode, appliesTo, message, owner, onFailure },
  }
}

/** @throws AppError invalid_request for a policy that could not do what it says */
function refuseMistakes({
  plan,
  mode,
  action,
  appliesTo,
}: Pick<Policy, 'plan' | 'mode' | 'action' | 'appliesTo'>): void {
  if (mode !== 'off' && appliesTo !== 'input') {
    const reason =
      'applies_to: Weir does not judge answers yet, so that only what judges `input` can be in force. ' +
      'Give `input`, or save it with the mode `off`.'
    throw AppError.of('invalid_request', { reason }, { param: 'applies_to' })
  }
  const mistake = mode === 'enforce' ? findPlanMistake(plan) : undefined
  if (mistake !== undefined) throw AppError.of('invalid_request', { reason: mistake }, { param: 'detectors' })
  if (action === 'mask' && plan.detectors.length === 0) {
    const reason =
      'action: only what a detector finds can be masked, and this policy has none. Give `detectors`.'
    throw AppError.of('invalid_request', { reason }, { param: 'action' })
  }
}
