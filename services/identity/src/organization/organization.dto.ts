import { ApiProperty, IntersectionType } from '@nestjs/swagger'
import { TextField } from '@weir/http'
import { RateLimitsDto, RateLimitsResponse, toRateLimitsResponse } from '../limit/rate-limits.dto.js'
import type { Organization } from './organization.entity.js'

export class UpdateOrganizationDto extends RateLimitsDto {
  @TextField({
    description: 'Its name, for people.',
    maxLength: 100,
    example: 'Acme',
    optional: 'not null',
  })
  name?: string
}

class OrganizationFields {
  @ApiProperty({ description: 'Its id.', example: 'org_default' })
  id: string

  @ApiProperty({ description: 'Its name, for people.', example: 'default' })
  name: string

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

export class OrganizationResponse extends IntersectionType(OrganizationFields, RateLimitsResponse) {}

export function toResponse(organization: Organization): OrganizationResponse {
  return {
    id: organization.id,
    name: organization.name,
    ...toRateLimitsResponse(organization),
    created_at: organization.createdAt.toISOString(),
    updated_at: organization.updatedAt.toISOString(),
  }
}
