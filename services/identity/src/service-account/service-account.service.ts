import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { asService } from '@weir/audit'
import { ChangeLog, isUniqueViolation, newId } from '@weir/database'
import { AppError, invalidFields } from '@weir/errors'
import { afterCursor, type Caller } from '@weir/http'
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { MoreThan, Repository } from 'typeorm'
import { refuseWiderRole, refuseWiderRoles } from '../role/rank.js'
import { findWorkspace } from '../workspace/workspace.service.js'
import type {
  CreateServiceAccountDto,
  ListServiceAccountsQuery,
  UpdateServiceAccountDto,
} from './service-account.dto.js'
import { ServiceAccount } from './service-account.entity.js'

const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer')

@Injectable()
export class ServiceAccountService {
  constructor(
    @InjectRepository(ServiceAccount) private readonly accounts: Repository<ServiceAccount>,
    private readonly changeLog: ChangeLog,
  ) {}

  async create(
    caller: Caller,
    dto: CreateServiceAccountDto,
  ): Promise<{ account: ServiceAccount; secret: string }> {
    const { organization, principal } = caller
    const { name, organization_roles: sentRoles, workspace, role } = dto
    const organizationRoles = sentRoles ?? []
    refuseWiderRoles(principal, organizationRoles)
    if ((workspace == null) !== (role == null))
      throw invalidFields([{ field: 'role', message: 'goes together with workspace: send both or none' }])
    const id = newId('svc')
    const secret = `sec_${randomBytes(32).toString('base64url')}`
    try {
      await this.changeLog.write(async (manager, changed) => {
        const found = workspace ? await findWorkspace(manager, caller, workspace) : null
        if (workspace && !found)
          throw AppError.of('workspace_not_found', { workspace }, { param: 'workspace' })
        if (found && role) refuseWiderRole(principal, found.id, role)
        await manager.insert(ServiceAccount, {
          ...{ id, organization, name, organizationRoles, secretHash: hashOf(secret), disabled: false },
          workspaceRoles: found && role ? { [found.id]: role } : {},
        })
        changed({ organization, kind: 'service_account', id, action: 'created' })
      })
    } catch (error) {
      throw this.refine(error, name)
    }
    return { account: await this.get(caller, id), secret }
  }

  async get({ organization }: Caller, id: string): Promise<ServiceAccount> {
    const account = await this.accounts.findOneBy({ id, organization })
    if (!account) throw AppError.of('service_account_not_found', { account: id })
    return account
  }

  list({ organization }: Caller, { limit, cursor }: ListServiceAccountsQuery): Promise<ServiceAccount[]> {
    const after = afterCursor(cursor)
    return this.accounts.find({
      where: { organization, ...(after && { id: MoreThan(after) }) },
      order: { id: 'ASC' },
      take: limit + 1,
    })
  }

  /** Other roles, or being disabled, end its access tokens. */
  async update(caller: Caller, id: string, dto: UpdateServiceAccountDto): Promise<ServiceAccount> {
    const { organization, principal } = caller
    const { name, organization_roles: organizationRoles, disabled } = dto
    const before = await this.get(caller, id)
    refuseWiderRoles(principal, before.organizationRoles, organizationRoles ?? [])
    const values = {
      ...(name !== undefined && { name }),
      ...(organizationRoles !== undefined && { organizationRoles }),
      ...(disabled !== undefined && { disabled }),
    }
    try {
      await this.changeLog.write(async (manager, changed) => {
        const { affected } = await manager.update(
          ServiceAccount,
          { id, organization },
          { ...values, updatedAt: () => 'now()' },
        )
        if (!affected) throw AppError.of('service_account_not_found', { account: id })
        await manager.query(`DELETE FROM session WHERE service_account = $1`, [id])
        changed({ organization, kind: 'service_account', id, action: 'updated' })
      })
    } catch (error) {
      throw this.refine(error, name)
    }
    return this.get(caller, id)
  }

  /** Its access tokens go with it. */
  async delete(caller: Caller, id: string): Promise<void> {
    const { organization, principal } = caller
    refuseWiderRoles(principal, (await this.get(caller, id)).organizationRoles)
    await this.changeLog.write(async (manager, changed) => {
      const { affected } = await manager.delete(ServiceAccount, { id, organization })
      if (!affected) throw AppError.of('service_account_not_found', { account: id })
      changed({ organization, kind: 'service_account', id, action: 'deleted' })
    })
  }

  /** The account of an OAuth client. Throws invalid_credentials. */
  authenticate(id: string, secret: string): Promise<ServiceAccount> {
    return asService('sign-in', async () => {
      const account = await this.accounts
        .createQueryBuilder('account')
        .addSelect('account.secretHash')
        .where({ id })
        .getOne()
      const isRight = timingSafeEqual(account?.secretHash ?? hashOf(''), hashOf(secret))
      if (!account || !isRight || account.disabled) throw AppError.of('invalid_credentials', {})
      return account
    })
  }

  private refine(error: unknown, name = ''): unknown {
    if (!isUniqueViolation(error, 'service_account_name')) return error
    return AppError.of('already_exists', { kind: 'service account', id: name }, { param: 'name' })
  }
}
