import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { ChangeLog } from '@weir/database'
import { AppError } from '@weir/errors'
import type { Caller } from '@weir/http'
import { Repository } from 'typeorm'
import { toRateLimits } from '../limit/rate-limits.dto.js'
import type { UpdateOrganizationDto } from './organization.dto.js'
import { Organization } from './organization.entity.js'

/** A caller sees the organization that it belongs to, and no other. */
@Injectable()
export class OrganizationService {
  constructor(
    @InjectRepository(Organization) private readonly organizations: Repository<Organization>,
    private readonly changeLog: ChangeLog,
  ) {}

  async get(caller: Caller, id: string): Promise<Organization> {
    const organization = id === caller.organization && (await this.organizations.findOneBy({ id }))
    if (!organization) throw AppError.of('organization_not_found', { organization: id })
    return organization
  }

  async list(caller: Caller): Promise<Organization[]> {
    return [await this.get(caller, caller.organization)]
  }

  async update(caller: Caller, id: string, dto: UpdateOrganizationDto): Promise<Organization> {
    await this.get(caller, id)
    const { name } = dto
    await this.changeLog.write(async (manager, changed) => {
      const values = { ...(name !== undefined && { name }), ...toRateLimits(dto) }
      await manager.update(Organization, { id }, { ...values, updatedAt: () => 'now()' })
      changed({ organization: id, kind: 'organization', id, action: 'updated' })
    })
    return this.get(caller, id)
  }
}
