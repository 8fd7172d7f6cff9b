import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, isUniqueViolation, newId } from '@weir/database'
import { AppError } from '@weir/errors'
import { afterCursor, authorizeIn, type Caller, isVisible, permissionDenied } from '@weir/http'
import { type EntityManager, In, MoreThan, Repository } from 'typeorm'
import { toRateLimits } from '../limit/rate-limits.dto.js'
import type { CreateWorkspaceDto, ListWorkspacesQuery, UpdateWorkspaceDto } from './workspace.dto.js'
import { Workspace } from './workspace.entity.js'
import { toSettings } from './workspace-settings.dto.js'

@Injectable()
export class WorkspaceService {
  constructor(
    @InjectRepository(Workspace) private readonly workspaces: Repository<Workspace>,
    private readonly changeLog: ChangeLog,
  ) {}

  async create(caller: Caller, dto: CreateWorkspaceDto): Promise<Workspace> {
    const { organization } = caller
    const id = newId('ws')
    const { name, environment, description = null } = dto
    const workspace = this.workspaces.create({
      id,
      organization,
      name,
      environment: environment ?? 'development',
      description,
      ...toSettings(dto.settings),
      ...toRateLimits(dto),
    })
    try {
      await this.changeLog.write(async (manager, changed) => {
        await manager.insert(Workspace, workspace)
        changed({ organization, kind: 'workspace', id, action: 'created' })
      })
    } catch (error) {
      throw this.refine(error, name)
    }
    return this.get(caller, id)
  }

  async get(caller: Caller, idOrName: string): Promise<Workspace> {
    const workspace = await findWorkspace(this.workspaces.manager, caller, idOrName)
    if (!workspace) throw AppError.of('workspace_not_found', { workspace: idOrName })
    return workspace
  }

  list(
    { organization, visible }: Caller,
    { limit, cursor, name, environment }: ListWorkspacesQuery,
  ): Promise<Workspace[]> {
    const after = afterCursor(cursor)
    return this.workspaces.find({
      where: {
        organization,
        ...(after !== undefined && { id: MoreThan(after) }),
        ...(visible && { id: In(visible.filter((id) => after === undefined || id > after)) }),
        ...(name && { name }),
        ...(environment && { environment }),
      },
      order: { id: 'ASC' },
      take: limit + 1,
    })
  }

  async update(caller: Caller, idOrName: string, dto: UpdateWorkspaceDto): Promise<Workspace> {
    const { organization } = caller
    const { id } = await this.get(caller, idOrName)
    authorizeIn(caller, id)
    // Whom a limit holds may not raise it.
    if (caller.permitted && Object.keys(toRateLimits(dto)).length > 0)
      throw permissionDenied('workspace.manage in the organization, for limits')
    const { name, environment, description } = dto
    const values = {
      ...(name !== undefined && { name }),
      ...(environment !== undefined && { environment }),
      ...(description !== undefined && { description }),
      ...toSettings(dto.settings),
      ...toRateLimits(dto),
    }
    try {
      await this.changeLog.write(async (manager, changed) => {
        const { affected } = await manager.update(
          Workspace,
          { id, organization },
          { ...values, updatedAt: () => 'now()' },
        )
        if (!affected) throw AppError.of('workspace_not_found', { workspace: id })
        changed({ organization, kind: 'workspace', id, action: 'updated' })
      })
    } catch (error) {
      throw this.refine(error, name)
    }
    return this.get(caller, id)
  }

  private refine(error: unknown, name: string | undefined): unknown {
    if (!isUniqueViolation(error, 'workspace_name')) return error
    return AppError.of('already_exists', { kind: 'workspace', id: name ?? '' }, { param: 'name' })
  }
}

/** The workspace with an id or a name, if the caller may see it; no name looks like an id. */
export async function findWorkspace(
  manager: EntityManager,
  caller: Caller,
  idOrName: string,
): Promise<Workspace | null> {
  const { organization } = caller
  const workspace = await manager.findOne(Workspace, {
    where: [
      { organization, id: idOrName },
      { organization, name: idOrName },
    ],
  })
  return workspace && isVisible(caller, workspace.id) ? workspace : null
}
