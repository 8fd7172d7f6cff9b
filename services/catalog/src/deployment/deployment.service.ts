import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, isUniqueViolation, newId } from '@weir/database'
import { AppError, invalidFields } from '@weir/errors'
import { afterCursor, authorizeIn, type Caller, inUse, isVisible, namedUsers } from '@weir/http'
import { Keyring } from '@weir/secrets'
import { AddressPolicy } from '@weir/upstream-address'
import { type EntityManager, In, MoreThan, Repository } from 'typeorm'
import { Model } from '../model/model.entity.js'
import { IdentityReferences } from '../reference/identity-references.js'
import { findDeploymentsUsing, lockNames, NameResolver, refuseModelName } from './deployment-models.js'
import { defaultSettings, findSettingMistakes, toSettings } from './deployment-settings.js'
import type {
  CreateDeploymentDto,
  DeploymentSettingsDto,
  ListDeploymentsQuery,
  TargetDto,
  UpdateDeploymentDto,
} from './deployment.dto.js'
import { Deployment, type Rule } from './deployment.entity.js'
import type { ShownDeployment } from './deployment.response.js'

const kind = 'deployment'

/** Aliases over the models of workspaces. */
@Injectable()
export class DeploymentService {
  constructor(
    @InjectRepository(Deployment) private readonly deployments: Repository<Deployment>,
    private readonly changeLog: ChangeLog,
    private readonly keyring: Keyring,
    private readonly addressPolicy: AddressPolicy,
    private readonly identity: IdentityReferences,
  ) {}

  async create(caller: Caller, dto: CreateDeploymentDto): Promise<ShownDeployment> {
    const { organization } = caller
    const workspace = await this.identity.getWorkspaceId(caller, dto.workspace)
    if (!isVisible(caller, workspace)) {
      throw AppError.of('workspace_not_found', { workspace: dto.workspace }, { param: 'workspace' })
    }
    authorizeIn(caller, workspace)
    this.refuseMistakes(dto)
    const id = newId('dep')
    const { name } = dto
    await this.write(name, async (manager, changed) => {
      await lockNames(manager, organization)
      await refuseModelName(manager, { organization, workspace }, name)
      const before = { id, organization, workspace, targets: [], fallbacks: [], rules: [] }
      const named = await this.resolve(manager, before, dto)
      const settings = { ...defaultSettings, ...toSettings(dto, this.sealFor(id)) }
      await manager.insert(Deployment, { id, organization, workspace, name, ...settings, ...named })
      changed({ organization, kind, id, action: 'created' })
    })
    return this.get(caller, id)
  }

  async get(caller: Caller, idOrName: string): Promise<ShownDeployment> {
    const { organization } = caller
    const found = await this.deployments.find({
      where: [
        { organization, id: idOrName },
        { organization, name: idOrName },
      ],
      order: { id: 'ASC' },
    })
    const [deployment, another] = found.filter(({ workspace }) => isVisible(caller, workspace))
    if (!deployment) throw AppError.of('deployment_not_found', { deployment: idOrName })
    if (another) {
      const reason = `Several workspaces have a deployment "${idOrName}". Name it by its id: GET /v1/deployments?name=… lists them.`
      throw AppError.of('invalid_request', { reason })
    }
    const [shown] = await this.show([deployment])
    return shown ?? { deployment, names: new Map() }
  }

  async list(
    caller: Caller,
    { limit, cursor, workspace, name }: ListDeploymentsQuery,
  ): Promise<ShownDeployment[]> {
    const { organization, visible } = caller
    const after = afterCursor(cursor)
    const of = workspace === undefined ? visible : [workspace].filter((id) => isVisible(caller, id))
    const found = await this.deployments.find({
      where: {
        organization,
        ...(after && { id: MoreThan(after) }),
        ...(of && { workspace: In(of) }),
        ...(name && { name }),
      },
      order: { id: 'ASC' },
      take: limit + 1,
    })
    return this.show(found)
  }

  async update(caller: Caller, idOrName: string, dto: UpdateDeploymentDto): Promise<ShownDeployment> {
    const { organization } = caller
    const { deployment } = await this.get(caller, idOrName)
    const { id, workspace } = deployment
    authorizeIn(caller, workspace)
    this.refuseMistakes(dto)
    const name = dto.name ?? deployment.name
    // Keys name it: under another name it would be gone for them.
    if (name !== deployment.name) await this.refuseIfNamed(caller, deployment)
    await this.write(name, async (manager, changed) => {
      await lockNames(manager, organization)
      const lock = { mode: 'pessimistic_write' } as const
      const before = await manager.findOne(Deployment, { where: { id, organization }, lock })
      if (!before) throw AppError.of('deployment_not_found', { deployment: idOrName })
      if (name !== before.name) await refuseModelName(manager, { organization, workspace }, name)
      const named = await this.resolve(manager, before, dto)
      await manager.update(
        Deployment,
        { id, organization },
        { name, ...toSettings(dto, this.sealFor(id)), ...named, updatedAt: () => 'now()' },
      )
      changed({ organization, kind, id, action: 'updated' })
    })
    return this.get(caller, id)
  }

  async delete(caller: Caller, idOrName: string): Promise<void> {
    const { organization } = caller
    const { deployment } = await this.get(caller, idOrName)
    const { id, name, workspace } = deployment
    authorizeIn(caller, workspace)
    await this.refuseIfNamed(caller, deployment)
    await this.changeLog.write(async (manager, changed) => {
      await lockNames(manager, organization)
      const users = await findDeploymentsUsing(manager, id, namedUsers + 1)
      if (users.length > 0) throw inUse(kind, name, users)
      const { affected } = await manager.delete(Deployment, { id, organization })
      if (!affected) throw AppError.of('deployment_not_found', { deployment: idOrName })
      changed({ organization, kind, id, action: 'deleted' })
    })
  }

  /** For this deployment alone: of no use at another. */
  private sealFor(id: string): (secret: string) => string {
    return (secret) => this.keyring.sealText(secret, `deployment/${id}`)
  }

  private refuseMistakes(dto: DeploymentSettingsDto): void {
    const mistakes = findSettingMistakes(dto, this.addressPolicy)
    if (mistakes.length > 0) throw invalidFields(mistakes)
  }

  /** The columns that name models and deployments: what is not said stays, and must still be right. */
  private async resolve(
    manager: EntityManager,
    before: Pick<Deployment, 'id' | 'organization' | 'workspace' | 'targets' | 'fallbacks' | 'rules'>,
    { targets, fallbacks, rules }: DeploymentSettingsDto & { targets?: TargetDto[] },
  ): Promise<Pick<Deployment, 'targets' | 'fallbacks' | 'rules' | 'uses'>> {
    const names = new NameResolver(manager, before)
    const resolved = {
      targets: targets ? await names.targets('targets', targets) : before.targets,
      fallbacks: fallbacks ? await names.fallbacks(before.id, fallbacks) : before.fallbacks,
      rules: before.rules,
    }
    if (rules) {
      resolved.rules = []
      for (const [index, { when, model, targets: own }] of rules.entries()) {
        const found: Rule['targets'] = own
          ? await names.targets(`rules.${index}.targets`, own)
          : [{ model: await names.model(`rules.${index}.model`, model ?? ''), weight: 1, priority: 0 }]
        resolved.rules.push({ when, targets: found })
      }
    }
    names.refuseMistakes()
    return { ...resolved, uses: usesOf(resolved) }
  }

  private async show(deployments: Deployment[]): Promise<ShownDeployment[]> {
    const ids = [...new Set(deployments.flatMap(({ uses }) => uses))]
    const { manager } = this.deployments
    const used = [
      ...(await manager.find(Model, { select: { id: true, name: true }, where: { id: In(ids) } })),
      ...(await manager.find(Deployment, { select: { id: true, name: true }, where: { id: In(ids) } })),
    ]
    const names = new Map(used.map(({ id, name }) => [id, name]))
    return deployments.map((deployment) => ({ deployment, names }))
  }

  /** Virtual keys of its workspace may be limited to it by its name. */
  private async refuseIfNamed(caller: Caller, { name, workspace }: Deployment): Promise<void> {
    const users = await this.identity.findUsersOfDeployment(caller, { name, workspace })
    if (users.length > 0) throw inUse(kind, name, users)
  }

  private async write(name: string, work: Parameters<ChangeLog['write']>[0]): Promise<void> {
    try {
      await this.changeLog.write(work)
    } catch (error) {
      if (!isUniqueViolation(error, 'deployment_name')) throw error
      throw AppError.of('already_exists', { kind, id: name }, { param: 'name' })
    }
  }
}

function usesOf({
  targets,
  fallbacks,
  rules,
}: Pick<Deployment, 'targets' | 'fallbacks' | 'rules'>): string[] {
  const all = [...targets, ...rules.flatMap((rule) => rule.targets)].map(({ model }) => model)
  const fallen = fallbacks.flatMap(({ model, deployment }) => model ?? deployment ?? [])
  return [...new Set([...all, ...fallen])]
}
