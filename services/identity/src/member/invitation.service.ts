import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import { ChangeLog, isUniqueViolation, newId } from '@weir/database'
import { AppError, invalidFields } from '@weir/errors'
import { afterCursor, type Caller } from '@weir/http'
import { hash, randomBytes } from 'node:crypto'
import { DataSource, type EntityManager, MoreThan } from 'typeorm'
import { refuseWiderRole } from '../role/rank.js'
import { Passwords } from '../sign-in/passwords.js'
import { SignInService } from '../sign-in/sign-in.service.js'
import { User } from '../user/user.entity.js'
import { WorkspaceService } from '../workspace/workspace.service.js'
import type { AcceptInvitationDto, InviteDto, ListInvitationsQuery } from './invitation.dto.js'
import { Invitation } from './invitation.entity.js'
import { couldStillInvite } from './inviter.js'
import { MemberService, putMember } from './member.service.js'

const lifetimeS = 7 * 24 * 3600

/** Invites people to a workspace by a link: who has it and signs in, or up, as whom it names, becomes a member. */
@Injectable()
export class InvitationService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changeLog: ChangeLog,
    private readonly workspaces: WorkspaceService,
    private readonly members: MemberService,
    private readonly passwords: Passwords,
    private readonly signIns: SignInService,
  ) {}

  async create(
    caller: Caller,
    workspace: string,
    { email, role }: InviteDto,
  ): Promise<{ invitation: Invitation; link: string }> {
    const { organization, principal } = caller
    const { id: workspaceId } = await this.members.manage(caller, workspace)
    refuseWiderRole(principal, workspaceId, role)
    const id = newId('inv')
    const value = `join_${randomBytes(32).toString('base64url')}`
    await this.changeLog.write(async (manager, changed) => {
      await manager.query(`DELETE FROM invitation WHERE expires_at < now()`)
      await manager.insert(Invitation, {
        ...{
          id,
          organization,
          workspace: workspaceId,
          role,
          hash: hashOf(value),
          email: email.toLowerCase(),
        },
        invitedBy: principal?.id ?? '',
        expiresAt: new Date(Date.now() + lifetimeS * 1000),
      })
      changed({ organization, kind: 'invitation', id, action: 'created' })
    })
    const invitation = await this.dataSource.manager.findOneByOrFail(Invitation, { id })
    return { invitation, link: `/v1/invitations/${value}` }
  }

  async list(caller: Caller, workspace: string, query: ListInvitationsQuery): Promise<Invitation[]> {
    const { id } = await this.workspaces.get(caller, workspace)
    const after = afterCursor(query.cursor)
    return this.dataSource.manager.find(Invitation, {
      where: { workspace: id, expiresAt: MoreThan(new Date()), ...(after && { id: MoreThan(after) }) },
      order: { id: 'ASC' },
      take: query.limit + 1,
    })
  }

  async delete(caller: Caller, workspace: string, id: string): Promise<void> {
    const { organization } = caller
    const { id: workspaceId } = await this.members.manage(caller, workspace)
    await this.changeLog.write(async (manager, changed) => {
      const { affected } = await manager.delete(Invitation, { id, workspace: workspaceId })
      if (!affected) throw AppError.of('invitation_not_found', {})
      changed({ organization, kind: 'invitation', id, action: 'deleted' })
    })
  }

  /** The invitation of a link. Throws invitation_not_found when it is used, withdrawn or over, or its maker may invite no more. */
  show(value: string): Promise<Invitation> {
    return asService('sign-in', () => this.find(this.dataSource.manager, value))
  }

  /**
   * Uses an invitation up. Whoever is a user already proves it with the password; anybody else becomes
   * one. Throws invitation_not_found, invalid_credentials, rate_limit_exceeded.
   */
  async accept(value: string, dto: AcceptInvitationDto): Promise<User> {
    const { password, name } = dto
    const { email, organization } = await this.show(value)
    const known = await asService('sign-in', () => this.dataSource.manager.existsBy(User, { email }))
    const user = known
      ? await this.signIns.signIn({ email, password })
      : await this.newUser({ email, organization, name, password })
    if (user.organization !== organization) throw AppError.of('invitation_not_found', {})
    try {
      return await asService('sign-in', () => this.join(value, user, { isNew: !known }))
    } catch (error) {
      // Another link has made the user meanwhile.
      if (!known && isUniqueViolation(error, 'app_user_email')) return this.accept(value, dto)
      throw error
    }
  }

  private join(value: string, user: User, { isNew }: { isNew: boolean }): Promise<User> {
    return this.changeLog.write(async (manager, changed) => {
      const { id, organization, workspace, role } = await this.find(manager, value)
      // Of two at once the second waits here, and then finds it used.
      const { affected } = await manager.delete(Invitation, { id })
      if (!affected) throw AppError.of('invitation_not_found', {})
      changed({ organization, kind: 'invitation', id, action: 'deleted' })
      if (isNew) {
        await manager.insert(User, user)
        changed({ organization, kind: 'user', id: user.id, action: 'created' })
      }
      await putMember(manager, changed, { organization, workspace, userId: user.id, role })
      return user
    })
  }

  private async newUser(of: {
    email: string
    organization: string
    name: string | undefined
    password: string
  }): Promise<User> {
    const { email, organization, name = email, password } = of
    if (password.length < 12)
      throw invalidFields([{ field: 'password', message: 'must have at least 12 characters' }])
    const now = new Date()
    return Object.assign(new User(), {
      ...{ id: newId('usr'), email, organization, name, organizationRoles: [], disabled: false },
      ...{ createdAt: now, updatedAt: now, passwordHash: await this.passwords.hash(password) },
    })
  }

  private async find(manager: EntityManager, value: string): Promise<Invitation> {
    const where = { hash: hashOf(value), expiresAt: MoreThan(new Date()) }
    const invitation = await manager.findOne(Invitation, { where })
    if (!invitation || !(await couldStillInvite(manager, invitation)))
      throw AppError.of('invitation_not_found', {})
    return invitation
  }
}

const hashOf = (value: string): Buffer => hash('sha256', value, 'buffer')
