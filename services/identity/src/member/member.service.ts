import { Injectable } from '@nestjs/common'
import { type Change, ChangeLog, isUniqueViolation } from '@weir/database'
import { AppError } from '@weir/errors'
import { afterCursor, authorizeIn, type Caller } from '@weir/http'
import { DataSource, type EntityManager, In, MoreThan } from 'typeorm'
import { refuseWiderRole } from '../role/rank.js'
import { User } from '../user/user.entity.js'
import { deletePersonalKeys } from '../virtual-key/personal-keys.js'
import type { Workspace } from '../workspace/workspace.entity.js'
import { WorkspaceService } from '../workspace/workspace.service.js'
import type { AddMemberDto, ListMembersQuery, ShownMember, UpdateMemberDto } from './member.dto.js'
import { Member } from './member.entity.js'

@Injectable()
export class MemberService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changeLog: ChangeLog,
    private readonly workspaces: WorkspaceService,
  ) {}

  async add(
    caller: Caller,
    workspace: string,
    { user: idOrEmail, role }: AddMemberDto,
  ): Promise<ShownMember> {
    const { organization, principal } = caller
    const { id } = await this.manage(caller, workspace)
    refuseWiderRole(principal, id, role)
    const user = await this.dataSource.manager.findOne(User, {
      where: [
        { organization, id: idOrEmail },
        { organization, email: idOrEmail.toLowerCase() },
      ],
    })
    if (!user) throw AppError.of('user_not_found', { user: idOrEmail }, { param: 'user' })
    try {
      await this.changeLog.write(async (manager, changed) => {
        await manager.insert(Member, { workspace: id, userId: user.id, organization, role })
        changed({ organization, kind: 'member', id: `${id}/${user.id}`, action: 'created' })
      })
    } catch (error) {
      if (isUniqueViolation(error))
        throw AppError.of('already_exists', { kind: 'member', id: idOrEmail }, { param: 'user' })
      throw error
    }
    return this.get(caller, id, user.id)
  }

  async list(caller: Caller, workspace: string, { limit, cursor }: ListMembersQuery): Promise<ShownMember[]> {
    const { id } = await this.workspaces.get(caller, workspace)
    const after = afterCursor(cursor)
    const members = await this.dataSource.manager.find(Member, {
      where: { workspace: id, ...(after && { userId: MoreThan(after) }) },
      order: { userId: 'ASC' },
      take: limit + 1,
    })
    return this.show(members)
  }

  /** The user's sessions end: what they were opened with is no longer so. */
  async update(
    caller: Caller,
    workspace: string,
    user: string,
    { role }: UpdateMemberDto,
  ): Promise<ShownMember> {
    const { organization, principal } = caller
    const { id } = await this.manage(caller, workspace)
    await this.changeLog.write(async (manager, changed) => {
      await this.lock(manager, caller, { workspace: id, user })
      refuseWiderRole(principal, id, role)
      await manager.update(Member, { workspace: id, userId: user }, { role, updatedAt: () => 'now()' })
      await manager.query(`DELETE FROM session WHERE user_id = $1`, [user])
      changed({ organization, kind: 'member', id: `${id}/${user}`, action: 'updated' })
    })
    return this.get(caller, id, user)
  }

  async remove(caller: Caller, workspace: string, user: string): Promise<void> {
    const { organization } = caller
    const { id } = await this.manage(caller, workspace)
    await this.changeLog.write(async (manager, changed) => {
      await this.lock(manager, caller, { workspace: id, user })
      await deletePersonalKeys(manager, changed, { organization, workspace: id, user })
      await manager.delete(Member, { workspace: id, userId: user })
      await manager.query(`DELETE FROM session WHERE user_id = $1`, [user])
      changed({ organization, kind: 'member', id: `${id}/${user}`, action: 'deleted' })
    })
  }

  /** The workspace, whose members the caller may manage. Throws workspace_not_found, permission_denied. */
  async manage(caller: Caller, workspace: string): Promise<Workspace> {
    const found = await this.workspaces.get(caller, workspace)
    authorizeIn(caller, found.id)
    return found
  }

  private async get(_: Caller, workspace: string, userId: string): Promise<ShownMember> {
    const member = await this.dataSource.manager.findOneBy(Member, { workspace, userId })
    const [shown] = member ? await this.show([member]) : []
    if (!shown) throw AppError.of('member_not_found', { user: userId })
    return shown
  }

  /** Nobody may act on a member who is above them, not even on one who becomes it at the same moment. */
  private async lock(
    manager: EntityManager,
    { principal }: Caller,
    { workspace, user }: { workspace: string; user: string },
  ): Promise<void> {
    const member = await manager.findOne(Member, {
      where: { workspace, userId: user },
      lock: { mode: 'pessimistic_write' },
    })
    if (!member) throw AppError.of('member_not_found', { user })
    refuseWiderRole(principal, workspace, member.role)
  }

  private async show(members: Member[]): Promise<ShownMember[]> {
    const users = await this.dataSource.manager.findBy(User, { id: In(members.map(({ userId }) => userId)) })
    return members.map((member) => ({
      member,
      email: users.find(({ id }) => id === member.userId)?.email ?? '',
    }))
  }
}

/** Makes a user a member, or gives a member another role, which ends the sessions that were opened with the one before. */
export async function putMember(
  manager: EntityManager,
  changed: (change: Change) => void,
  member: Pick<Member, 'organization' | 'workspace' | 'userId' | 'role'>,
): Promise<void> {
  const { organization, workspace, userId, role } = member
  const before = await manager.findOne(Member, {
    where: { workspace, userId },
    lock: { mode: 'pessimistic_write' },
  })
  if (before?.role === role) return
  await manager.upsert(Member, { ...member, updatedAt: () => 'now()' }, ['workspace', 'userId'])
  if (before) await manager.query(`DELETE FROM session WHERE user_id = $1`, [userId])
  const action = before ? 'updated' : 'created'
  changed({ organization, kind: 'member', id: `${workspace}/${userId}`, action })
}
