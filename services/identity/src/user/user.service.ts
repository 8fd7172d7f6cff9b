import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog, isUniqueViolation, newId } from '@weir/database'
import { AppError } from '@weir/errors'
import { afterCursor, type Caller } from '@weir/http'
import { MoreThan, Repository } from 'typeorm'
import { refuseWiderRoles } from '../role/rank.js'
import { Passwords } from '../sign-in/passwords.js'
import { deletePersonalKeys, disablePersonalKeys } from '../virtual-key/personal-keys.js'
import type { CreateUserDto, ListUsersQuery, UpdateUserDto } from './user.dto.js'
import { User } from './user.entity.js'

@Injectable()
export class UserService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly changeLog: ChangeLog,
    private readonly passwords: Passwords,
  ) {}

  async create(caller: Caller, dto: CreateUserDto): Promise<User> {
    const { organization, principal } = caller
    const organizationRoles = dto.organization_roles ?? []
    refuseWiderRoles(principal, organizationRoles)
    const id = newId('usr')
    const email = dto.email.toLowerCase()
    const passwordHash = dto.password ? await this.passwords.hash(dto.password) : null
    try {
      await this.changeLog.write(async (manager, changed) => {
        await manager.insert(User, {
          ...{ id, organization, email, name: dto.name, passwordHash, organizationRoles, disabled: false },
        })
        changed({ organization, kind: 'user', id, action: 'created' })
      })
    } catch (error) {
      if (!isUniqueViolation(error, 'app_user_email')) throw error
      throw AppError.of('already_exists', { kind: 'user', id: email }, { param: 'email' })
    }
    return this.get(caller, id)
  }

  async get({ organization }: Caller, id: string): Promise<User> {
    const user = await this.users.findOneBy({ id, organization })
    if (!user) throw AppError.of('user_not_found', { user: id })
    return user
  }

  list({ organization }: Caller, { limit, cursor, email }: ListUsersQuery): Promise<User[]> {
    const after = afterCursor(cursor)
    return this.users.find({
      where: {
        organization,
        ...(after && { id: MoreThan(after) }),
        ...(email && { email: email.toLowerCase() }),
      },
      order: { id: 'ASC' },
      take: limit + 1,
    })
  }

  /** Whatever changes what the user may do, or with what it signs in, ends its sessions. */
  async update(caller: Caller, id: string, dto: UpdateUserDto): Promise<User> {
    const { organization, principal } = caller
    const before = await this.get(caller, id)
    const { name, password, organization_roles: organizationRoles, disabled } = dto
    refuseWiderRoles(principal, before.organizationRoles, organizationRoles ?? [])
    const values = {
      ...(name !== undefined && { name }),
      ...(password !== undefined && { passwordHash: await this.passwords.hash(password) }),
      ...(organizationRoles !== undefined && { organizationRoles }),
      ...(disabled !== undefined && { disabled }),
    }
    await this.changeLog.write(async (manager, changed) => {
      const { affected } = await manager.update(
        User,
        { id, organization },
        { ...values, updatedAt: () => 'now()' },
      )
      if (!affected) throw AppError.of('user_not_found', { user: id })
      if (password !== undefined || organizationRoles !== undefined || disabled !== undefined) {
        await manager.query(`DELETE FROM session WHERE user_id = $1`, [id])
      }
      if (disabled) await disablePersonalKeys(manager, changed, { organization, user: id })
      changed({ organization, kind: 'user', id, action: 'updated' })
    })
    return this.get(caller, id)
  }

  /** Memberships, sessions and personal keys go with the user. */
  async delete(caller: Caller, id: string): Promise<void> {
    const { organization, principal } = caller
    const { organizationRoles } = await this.get(caller, id)
    refuseWiderRoles(principal, organizationRoles)
    await this.changeLog.write(async (manager, changed) => {
      await deletePersonalKeys(manager, changed, { organization, user: id })
      const { affected } = await manager.delete(User, { id, organization })
      if (!affected) throw AppError.of('user_not_found', { user: id })
      changed({ organization, kind: 'user', id, action: 'deleted' })
    })
  }
}
