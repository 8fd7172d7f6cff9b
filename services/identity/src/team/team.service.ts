import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, isUniqueViolation, violatedForeignKey } from '@weir/database'
import { AppError } from '@weir/errors'
import { afterCursor, type Caller, inUse, namedUsers } from '@weir/http'
import { type EntityManager, MoreThan, Repository } from 'typeorm'
import { toLimits } from '../limit/limits.dto.js'
import { checkParent } from './team-tree.js'
import type { CreateTeamDto, ListTeamsQuery, UpdateTeamDto } from './team.dto.js'
import { Team } from './team.entity.js'

@Injectable()
export class TeamService {
  constructor(
    @InjectRepository(Team) private readonly teams: Repository<Team>,
    private readonly changeLog: ChangeLog,
  ) {}

  async create(caller: Caller, dto: CreateTeamDto): Promise<Team> {
    const { organization } = caller
    const { name: id, parent = null, models = null } = dto
    const team = this.teams.create({ id, organization, parent, models, ...toLimits(dto) })
    try {
      await this.changeLog.write(async (manager, changed) => {
        if (parent !== null) await checkParent(manager, caller, { team: id, parent })
        await manager.insert(Team, team)
        changed({ organization, kind: 'team', id, action: 'created' })
      })
    } catch (error) {
      if (isUniqueViolation(error))
        throw AppError.of('already_exists', { kind: 'team', id }, { param: 'name' })
      throw this.refine(error, parent)
    }
    return this.get(caller, id)
  }

  async get({ organization }: Caller, id: string): Promise<Team> {
    const team = await this.teams.findOneBy({ id, organization })
    if (!team) throw AppError.of('team_not_found', { team: id })
    return team
  }

  list({ organization }: Caller, { limit, cursor, parent }: ListTeamsQuery): Promise<Team[]> {
    const after = afterCursor(cursor)
    return this.teams.find({
      where: { organization, ...(after && { id: MoreThan(after) }), ...(parent && { parent }) },
      order: { id: 'ASC' },
      take: limit + 1,
    })
  }

  async update(caller: Caller, id: string, dto: UpdateTeamDto): Promise<Team> {
    const { organization } = caller
    const { parent, models } = dto
    const values = {
      ...(parent !== undefined && { parent }),
      ...(models !== undefined && { models }),
      ...toLimits(dto),
    }
    try {
      await this.changeLog.write(async (manager, changed) => {
        if (parent) await checkParent(manager, caller, { team: id, parent })
        const { affected } = await manager.update(
          Team,
          { id, organization },
          { ...values, updatedAt: () => 'now()' },
        )
        if (!affected) throw AppError.of('team_not_found', { team: id })
        changed({ organization, kind: 'team', id, action: 'updated' })
      })
    } catch (error) {
      throw this.refine(error, parent)
    }
    return this.get(caller, id)
  }

  async delete({ organization }: Caller, id: string): Promise<void> {
    try {
      await this.changeLog.write(async (manager, changed) => {
        const users = await this.users(manager, id)
        if (users.length > 0) throw inUse('team', id, users)
        const { affected } = await manager.delete(Team, { id, organization })
        if (!affected) throw AppError.of('team_not_found', { team: id })
        changed({ organization, kind: 'team', id, action: 'deleted' })
      })
    } catch (error) {
      if (!violatedForeignKey(error)) throw error
      // Somebody began to use it while it was being deleted.
      throw inUse('team', id, await this.users(this.teams.manager, id))
    }
  }

  private async users(manager: EntityManager, id: string): Promise<string[]> {
    const rows = await manager.query<{ name: string }[]>(
      `(SELECT 'team \`' || id || '\`' AS name FROM team WHERE parent = $1 ORDER BY id LIMIT $2)
       UNION ALL
       (SELECT 'virtual key \`' || id || '\`' FROM virtual_key WHERE team = $1 ORDER BY id LIMIT $2)
       LIMIT $2`,
      [id, namedUsers + 1],
    )
    return rows.map(({ name }) => name)
  }

  /** The parent was there when it was looked at, and is gone now. */
  private refine(error: unknown, parent: string | null | undefined): unknown {
    if (violatedForeignKey(error) !== 'team_parent') return error
    return AppError.of('team_not_found', { team: parent ?? '' }, { param: 'parent' })
  }
}
