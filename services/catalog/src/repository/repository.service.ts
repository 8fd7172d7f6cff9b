import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, isUniqueViolation, newId } from '@weir/database'
import { AppError } from '@weir/errors'
import { afterCursor, authorizeIn, type Caller, inUse, isVisible } from '@weir/http'
import { type EntityManager, In, MoreThan, type Repository as Rows } from 'typeorm'
import { Provider } from '../provider/provider.entity.js'
import { IdentityReferences } from '../reference/identity-references.js'
import type {
  CreateRepositoryDto,
  ListRepositoriesQuery,
  ShownRepository,
  UpdateRepositoryDto,
} from './repository.dto.js'
import { Repository } from './repository.entity.js'

const kind = 'repository'
const maxModels = 1_000

/** Endpoints of workspaces over several providers. */
@Injectable()
export class RepositoryService {
  constructor(
    @InjectRepository(Repository) private readonly repositories: Rows<Repository>,
    private readonly changeLog: ChangeLog,
    private readonly identity: IdentityReferences,
  ) {}

  async create(caller: Caller, dto: CreateRepositoryDto): Promise<ShownRepository> {
    const { organization } = caller
    const workspace = await this.identity.getWorkspaceId(caller, dto.workspace)
    if (!isVisible(caller, workspace)) {
      throw AppError.of('workspace_not_found', { workspace: dto.workspace }, { param: 'workspace' })
    }
    authorizeIn(caller, workspace)
    const id = newId('repo')
    const { name } = dto
    await this.write(name, async (manager, changed) => {
      const providers = await attach(manager, { organization, workspace }, dto.providers)
      await manager.insert(Repository, { id, organization, workspace, name, providers })
      changed({ organization, kind, id, action: 'created' })
    })
    return this.get(caller, id)
  }

  async get(caller: Caller, idOrName: string): Promise<ShownRepository> {
    const { organization } = caller
    const repository = await this.repositories.findOne({
      where: [
        { organization, id: idOrName },
        { organization, name: idOrName },
      ],
    })
    if (!repository || !isVisible(caller, repository.workspace)) {
      throw AppError.of('repository_not_found', { repository: idOrName })
    }
    const [shown] = await this.show([repository])
    return shown ?? { repository, providerNames: new Map(), models: [] }
  }

  async list(
    caller: Caller,
    { limit, cursor, workspace }: ListRepositoriesQuery,
  ): Promise<ShownRepository[]> {
    const { organization, visible } = caller
    const after = afterCursor(cursor)
    const of = workspace === undefined ? visible : [workspace].filter((id) => isVisible(caller, id))
    const found = await this.repositories.find({
      where: { organization, ...(after && { id: MoreThan(after) }), ...(of && { workspace: In(of) }) },
      order: { id: 'ASC' },
      take: limit + 1,
    })
    return this.show(found)
  }

  async update(caller: Caller, idOrName: string, dto: UpdateRepositoryDto): Promise<ShownRepository> {
    const { organization } = caller
    const { repository } = await this.get(caller, idOrName)
    const { id, workspace } = repository
    authorizeIn(caller, workspace)
    const name = dto.name ?? repository.name
    // Keys name it, and callers have its path: under another name it would be gone for them.
    if (name !== repository.name) await this.refuseIfNamed(caller, repository)
    await this.write(name, async (manager, changed) => {
      const providers = dto.providers && (await attach(manager, { organization, workspace }, dto.providers))
      const { affected } = await manager.update(
        Repository,
        { id, organization },
        { name, ...(providers && { providers }), updatedAt: () => 'now()' },
      )
      if (!affected) throw AppError.of('repository_not_found', { repository: idOrName })
      changed({ organization, kind, id, action: 'updated' })
    })
    return this.get(caller, id)
  }

  async delete(caller: Caller, idOrName: string): Promise<void> {
    const { organization } = caller
    const { repository } = await this.get(caller, idOrName)
    const { id, workspace } = repository
    authorizeIn(caller, workspace)
    await this.refuseIfNamed(caller, repository)
    await this.changeLog.write(async (manager, changed) => {
      const { affected } = await manager.delete(Repository, { id, organization })
      if (!affected) throw AppError.of('repository_not_found', { repository: idOrName })
      changed({ organization, kind, id, action: 'deleted' })
    })
  }

  private async refuseIfNamed(caller: Caller, { name, workspace }: Repository): Promise<void> {
    const users = await this.identity.findUsersOfRepository(caller, { name, workspace })
    if (users.length > 0) throw inUse(kind, name, users)
  }

  private async show(repositories: Repository[]): Promise<ShownRepository[]> {
    const ids = [...new Set(repositories.flatMap(({ providers }) => providers))]
    const { manager } = this.repositories
    const providers = await manager.find(Provider, {
      select: { id: true, name: true },
      where: { id: In(ids) },
    })
    const models = await manager.query<{ name: string; provider: string }[]>(
      `SELECT name, provider FROM model WHERE provider = ANY($1) ORDER BY name`,
      [ids],
    )
    const providerNames = new Map(providers.map(({ id, name }) => [id, name]))
    return repositories.map((repository) => ({
      ...{ repository, providerNames },
      models: models
        .filter(({ provider }) => repository.providers.includes(provider))
        .slice(0, maxModels)
        .map(({ name }) => name),
    }))
  }

  private async write(name: string, work: Parameters<ChangeLog['write']>[0]): Promise<void> {
    try {
      await this.changeLog.write(work)
    } catch (error) {
      if (!isUniqueViolation(error, 'repository_name')) throw error
      throw AppError.of('already_exists', { kind, id: name }, { param: 'name' })
    }
  }
}

/** The ids of providers that a workspace sees; they stay until the transaction ends. Throws provider_not_found. */
async function attach(
  manager: EntityManager,
  { organization, workspace }: { organization: string; workspace: string },
  idsOrNames: readonly string[],
): Promise<string[]> {
  const ids = new Set<string>()
  for (const idOrName of idsOrNames) {
    const [row] = await manager.query<{ id: string }[]>(
      `SELECT id FROM provider WHERE organization = $1 AND (id = $2 OR name = $2)
         AND (workspace IS NULL OR workspace = $3) FOR KEY SHARE`,
      [organization, idOrName, workspace],
    )
    if (!row) throw AppError.of('provider_not_found', { provider: idOrName }, { param: 'providers' })
    ids.add(row.id)
  }
  return [...ids]
}

/** Repositories that a provider is attached to, for people. */
export async function findRepositoriesOf(
  manager: EntityManager,
  provider: string,
  limit: number,
): Promise<string[]> {
  const rows = await manager.query<{ name: string }[]>(
    `SELECT 'repository \`' || name || '\`' AS name FROM repository
     WHERE providers @> ARRAY[$1] ORDER BY id LIMIT $2`,
    [provider, limit],
  )
  return rows.map(({ name }) => name)
}
