import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, newId, violatedForeignKey } from '@weir/database'
import { AppError, invalidFields } from '@weir/errors'
import { afterCursor, authorizeIn, type Caller, isVisible } from '@weir/http'
import { generateVirtualKey } from '@weir/secrets'
import { type EntityManager, In, MoreThan, Repository } from 'typeorm'
import { toLimits } from '../limit/limits.dto.js'
import { grantManagement, refuseWiderKey } from '../role/management-grant.js'
import { Team } from '../team/team.entity.js'
import { Workload } from '../workload/workload.entity.js'
import { findWorkspace } from '../workspace/workspace.service.js'
import { KeyPepper } from './key-pepper.js'
import { findMaker, refuseWiderThanMaker } from './maker-bounds.js'
import type { CreateVirtualKeyDto, ListVirtualKeysQuery, UpdateVirtualKeyDto } from './virtual-key.dto.js'
import { VirtualKey } from './virtual-key.entity.js'

/** A virtual key and its value, which exists nowhere else. */
interface NewVirtualKey {
  virtualKey: VirtualKey
  value: string
}

/** What a virtual key names. */
interface References {
  workspace: string
  workload?: string | null
  team?: string | null
  owner?: string | null
}

@Injectable()
export class VirtualKeyService {
  constructor(
    @InjectRepository(VirtualKey) private readonly virtualKeys: Repository<VirtualKey>,
    private readonly changeLog: ChangeLog,
    private readonly pepper: KeyPepper,
  ) {}

  async create(caller: Caller, dto: CreateVirtualKeyDto): Promise<NewVirtualKey> {
    const { organization } = caller
    const id = newId('key')
    const { name, workload = null, team = null, models = null } = dto
    const { value, ...secret } = this.makeValue()
    await this.write(dto, async (manager, changed) => {
      const workspace = await findWorkspace(manager, caller, dto.workspace)
      if (!workspace) throw this.notFound('virtual_key_workspace', dto)
      authorizeIn(caller, workspace.id)
      const maker = await findMaker(manager, caller)
      await this.checkReferences(manager, caller, { workspace: workspace.id, workload, team })
      await manager.insert(VirtualKey, {
        ...{ id, organization, ...secret, name, workspace: workspace.id, workload, team, models },
        owner: dto.owner ?? null,
        type: dto.type ?? 'llm',
        endpoints: dto.endpoints ?? null,
        deployments: dto.deployments ?? null,
        repositories: dto.repositories ?? null,
        sourceNetworks: dto.source_networks ?? null,
        expiresAt: dto.expires_at ? new Date(dto.expires_at) : null,
        disabled: dto.disabled ?? false,
        ...toLimits(dto),
      })
      if (dto.type && dto.type !== 'llm')
        await grantManagement(manager, caller.principal, { id, organization, workspace: workspace.id })
      await refuseWiderThanMaker(manager, caller, maker, id)
      changed({ organization, kind: 'virtual_key', id, action: 'created' })
    })
    return { virtualKey: await this.get(caller, id), value }
  }

  async get(caller: Caller, id: string): Promise<VirtualKey> {
    const virtualKey = await this.virtualKeys.findOneBy({ id, organization: caller.organization })
    if (!virtualKey || !isVisible(caller, virtualKey.workspace))
      throw AppError.of('key_not_found', { key: id })
    return virtualKey
  }

  async list(caller: Caller, query: ListVirtualKeysQuery): Promise<VirtualKey[]> {
    const { organization, visible } = caller
    const { limit, cursor, workspace, team, workload } = query
    const after = afterCursor(cursor)
    const of =
      workspace === undefined ? undefined : await findWorkspace(this.virtualKeys.manager, caller, workspace)
    if (of === null) return []
    return this.virtualKeys.find({
      where: {
        organization,
        ...(after && { id: MoreThan(after) }),
        ...(of ? { workspace: of.id } : visible && { workspace: In(visible) }),
        ...(team && { team }),
        ...(workload && { workload }),
      },
      order: { id: 'ASC' },
      take: limit + 1,
    })
  }

  async update(caller: Caller, id: string, dto: UpdateVirtualKeyDto): Promise<VirtualKey> {
    const { organization } = caller
    const { workload, team, expires_at: expiresAt, source_networks: sourceNetworks } = dto
    const { name, type, models, endpoints, deployments, repositories, disabled } = dto
    const given = {
      ...{ name, workload, team, type, models, endpoints, deployments, repositories },
      ...{ sourceNetworks, disabled },
    }
    const values = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    await this.write(dto, async (manager, changed) => {
      const current = await this.manage(manager, caller, id)
      // Before the change: a key that changes itself is bound by what it was.
      const maker = await findMaker(manager, caller)
      if (type !== undefined && type !== 'llm') await grantManagement(manager, caller.principal, current)
      await this.checkReferences(manager, caller, { workspace: current.workspace, workload, team })
      const { affected } = await manager.update(
        VirtualKey,
        { id, organization },
        {
          ...values,
          ...(expiresAt !== undefined && { expiresAt: expiresAt && new Date(expiresAt) }),
          ...toLimits(dto),
          updatedAt: () => 'now()',
        },
      )
      if (!affected) throw AppError.of('key_not_found', { key: id })
      await refuseWiderThanMaker(manager, caller, maker, id)
      changed({ organization, kind: 'virtual_key', id, action: 'updated' })
    })
    return this.get(caller, id)
  }

  /** Gives the virtual key a new value; the old one works until the end of its grace, one before that no more. */
  async rotate(caller: Caller, id: string, gracePeriodS: number): Promise<NewVirtualKey> {
    const { organization } = caller
    const { value, ...secret } = this.makeValue()
    await this.changeLog.write(async (manager, changed) => {
      await this.manage(manager, caller, id)
      await refuseWiderThanMaker(manager, caller, await findMaker(manager, caller), id)
      const { affected } = await manager.update(
        VirtualKey,
        { id, organization },
        {
          ...secret,
          previousHash: gracePeriodS > 0 ? () => 'hash' : null,
          previousUntil: gracePeriodS > 0 ? new Date(Date.now() + gracePeriodS * 1_000) : null,
          updatedAt: () => 'now()',
        },
      )
      if (!affected) throw AppError.of('key_not_found', { key: id })
      changed({ organization, kind: 'virtual_key', id, action: 'updated' })
    })
    return { virtualKey: await this.get(caller, id), value }
  }

  async delete(caller: Caller, id: string): Promise<void> {
    const { organization } = caller
    await this.changeLog.write(async (manager, changed) => {
      await this.manage(manager, caller, id)
      const { affected } = await manager.delete(VirtualKey, { id, organization })
      if (!affected) throw AppError.of('key_not_found', { key: id })
      changed({ organization, kind: 'virtual_key', id, action: 'deleted' })
    })
  }

  /** The virtual key, which the caller may change. Throws key_not_found, permission_denied. */
  private async manage(manager: EntityManager, caller: Caller, id: string): Promise<VirtualKey> {
    const virtualKey = await manager.findOneBy(VirtualKey, { id, organization: caller.organization })
    if (!virtualKey || !isVisible(caller, virtualKey.workspace))
      throw AppError.of('key_not_found', { key: id })
    authorizeIn(caller, virtualKey.workspace)
    await refuseWiderKey(manager, caller.principal, virtualKey)
    return virtualKey
  }

  private makeValue(): { value: string; hash: Buffer; hint: string } {
    const value = generateVirtualKey()
    return { value, hash: this.pepper.hash(value), hint: `vk_…${value.slice(-4)}` }
  }

  private async checkReferences(
    manager: EntityManager,
    { organization }: Caller,
    references: References,
  ): Promise<void> {
    const { workspace, workload, team } = references
    if (team && !(await manager.existsBy(Team, { id: team, organization }))) {
      throw this.notFound('virtual_key_team', references)
    }
    if (!workload) return
    const found = await manager.findOneBy(Workload, { id: workload, organization })
    if (!found) throw this.notFound('virtual_key_workload', references)
    if (found.workspace !== workspace) {
      throw invalidFields([
        { field: 'workload', message: `"${workload}" belongs to another workspace than the key` },
      ])
    }
  }

  /** What the virtual key names was there when it was looked at, but may be gone when it is written. */
  private async write(
    references: Partial<References>,
    work: Parameters<ChangeLog['write']>[0],
  ): Promise<void> {
    try {
      await this.changeLog.write(work)
    } catch (error) {
      const constraint = violatedForeignKey(error)
      throw constraint ? this.notFound(constraint, references) : error
    }
  }

  private notFound(
    constraint: string,
    { workspace = '', workload, team, owner }: Partial<References>,
  ): AppError {
    if (constraint === 'virtual_key_owner')
      return AppError.of('member_not_found', { user: owner ?? '' }, { param: 'owner' })
    if (constraint === 'virtual_key_team')
      return AppError.of('team_not_found', { team: team ?? '' }, { param: 'team' })
    if (constraint === 'virtual_key_workload') {
      return AppError.of('workload_not_found', { workload: workload ?? '' }, { param: 'workload' })
    }
    return AppError.of('workspace_not_found', { workspace }, { param: 'workspace' })
  }
}
