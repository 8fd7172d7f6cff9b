import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { AppError } from '@weir/errors'
import type { Caller } from '@weir/http'
import type { Repository } from 'typeorm'
import type { UpdateOrganizationDto } from './organization.dto.js'
import { Organization } from './organization.entity.js'

/** A caller sees the organization that it belongs to, and no other. */
@Injectable()
export class OrganizationService {
  constructor(@InjectRepository(Organization) private readonly organizations: Repository<Organization>) {}

  async get(caller: Caller, id: string): Promise<Organization> {
    const organization = id === caller.organization && (await this.organizations.findOneBy({ id }))
    if (!organization) throw AppError.of('organization_not_found', { organization: id })
    return organization
  }

  async list(caller: Caller): Promise<Organization[]> {
    return [await this.get(caller, caller.organization)]
  }

  async update(caller: Caller, id: string, { name }: UpdateOrganizationDto): Promise<Organization> {
    await this.get(caller, id)
    await this.organizations.update({ id }, { name })
    return this.get(caller, id)
  }
}
