import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, violatedForeignKey } from '@weir/database'
import { AppError } from '@weir/errors'
import { afterCursor, authorizeIn, type Caller, inUse, isVisible, namedUsers } from '@weir/http'
import { type EntityManager, In, MoreThan, Repository } from 'typeorm'
import { toRateLimits } from '../limit/rate-limits.dto.js'
import { findWorkspace } from '../workspace/workspace.service.js'
import { workloadIdCandidates } from './workload-id.js'
import type { CreateWorkloadDto, ListWorkloadsQuery, UpdateWorkloadDto } from './workload.dto.js'
import { Workload } from './workload.entity.js'

/** Making a workload grants nothing: only a virtual key lets anyone call a model. */
@Injectable()
export class WorkloadService {
  constructor(
    @InjectRepository(Workload) private readonly workloads: Repository<Workload>,
    private readonly changeLog: ChangeLog,
  ) {}

  async create(caller: Caller, dto: CreateWorkloadDto): Promise<Workload> {
    const { organization } = caller
    try {
      const id = await this.changeLog.write(async (manager, changed) => {
        const workspace = await findWorkspace(manager, caller, dto.workspace)
        if (!workspace) throw this.workspaceNotFound(dto.workspace)
        authorizeIn(caller, workspace.id)
        for (const id of dto.id ? [dto.id] : workloadIdCandidates(dto.name)) {
          const { name, models } = dto
          const workload = { id, organization, workspace: workspace.id, name, models, ...toRateLimits(dto) }
          // A unique id is found without failing, since a failed statement would end the transaction.
          const inserted = await manager
            .createQueryBuilder()
            .insert()
            .into(Workload)
            .values(workload)
            .orIgnore()
            .execute()
          if ((inserted.raw as unknown[]).length === 0) continue
          changed({ organization, kind: 'workload', id, action: 'created' })
          return id
        }
        throw AppError.of('already_exists', { kind: 'workload', id: dto.id ?? '' }, { param: 'id' })
      })
      return await this.get(caller, id)
    } catch (error) {
      throw violatedForeignKey(error) ? this.workspaceNotFound(dto.workspace) : error
    }
  }

  async get(caller: Caller, id: string): Promise<Workload> {
    const workload = await this.workloads.findOneBy({ id, organization: caller.organization })
    if (!workload || !isVisible(caller, workload.workspace))
      throw AppError.of('workload_not_found', { workload: id })
    return workload
  }

  async list(caller: Caller, { limit, cursor, workspace }: ListWorkloadsQuery): Promise<Workload[]> {
    const { organization, visible } = caller
    const after = afterCursor(cursor)
    const of =
      workspace === undefined ? undefined : await findWorkspace(this.workloads.manager, caller, workspace)
    if (of === null) return []
    return this.workloads.find({
      where: {
        organization,
        ...(after && { id: MoreThan(after) }),
        ...(of ? { workspace: of.id } : visible && { workspace: In(visible) }),
      },
      order: { id: 'ASC' },
      take: limit + 1,
    })
  }

  async update(caller: Caller, id: string, dto: UpdateWorkloadDto): Promise<Workload> {
    const { organization } = caller
    authorizeIn(caller, (await this.get(caller, id)).workspace)
    const { name, models } = dto
    const values = {
      ...(name !== undefined && { name }),
      ...(models !== undefined && { models }),
      ...toRateLimits(dto),
    }
    await this.changeLog.write(async (manager, changed) => {
      const { affected } = await manager.update(
        Workload,
        { id, organization },
        { ...values, updatedAt: () => 'now()' },
      )
      if (!affected) throw AppError.of('workload_not_found', { workload: id })
      changed({ organization, kind: 'workload', id, action: 'updated' })
    })
    return this.get(caller, id)
  }

  async delete(caller: Caller, id: string): Promise<void> {
    const { organization } = caller
    authorizeIn(caller, (await this.get(caller, id)).workspace)
    try {
      await this.changeLog.write(async (manager, changed) => {
        const users = await this.users(manager, id)
        if (users.length > 0) throw inUse('workload', id, users)
        const { affected } = await manager.delete(Workload, { id, organization })
        if (!affected) throw AppError.of('workload_not_found', { workload: id })
        changed({ organization, kind: 'workload', id, action: 'deleted' })
      })
    } catch (error) {
      if (!violatedForeignKey(error)) throw error
      // Somebody began to use it while it was being deleted.
      throw inUse('workload', id, await this.users(this.workloads.manager, id))
    }
  }

  private async users(manager: EntityManager, id: string): Promise<string[]> {
    const rows = await manager.query<{ name: string }[]>(
      `SELECT 'virtual key \`' || id || '\`' AS name FROM virtual_key WHERE workload = $1 ORDER BY id LIMIT $2`,
      [id, namedUsers + 1],
    )
    return rows.map(({ name }) => name)
  }

  private workspaceNotFound(workspace: string): AppError {
    return AppError.of('workspace_not_found', { workspace }, { param: 'workspace' })
  }
}
