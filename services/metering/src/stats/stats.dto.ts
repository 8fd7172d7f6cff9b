import { ApiProperty } from '@nestjs/swagger'
import { MomentField, UsageFigures } from '@weir/http'

/** Of which time. */
export class StatsQuery {
  @MomentField('First moment: RFC 3339, or a date (UTC). Default: 30 days before `end`.')
  start?: string

  @MomentField('The moment after the last: RFC 3339, or a date (UTC). Default: now.')
  end?: string
}

/** What something was used for in a period of whole hours. */
class StatsResponse extends UsageFigures {
  @ApiProperty({ description: 'Its id.' })
  id: string

  @ApiProperty({ description: 'Its name; what was used under another name is not counted.' })
  name: string

  @ApiProperty({ format: 'date-time', description: 'First moment, rounded down to the hour.' })
  start: string

  @ApiProperty({ format: 'date-time', description: 'The moment after the last, rounded up to the hour.' })
  end: string

  @ApiProperty({ type: 'integer', description: 'Requests: first attempts.' })
  requests: number

  @ApiProperty({ type: 'integer', description: 'Calls; one request may take several.' })
  attempts: number

  @ApiProperty({ type: 'integer', description: 'Calls that failed, timed out or broke off.' })
  errors: number

  @ApiProperty({ type: 'integer', description: 'Calls that a policy has refused or reported.' })
  policy_violations: number

  @ApiProperty({ type: 'integer', description: 'Attempts whose cost is not known.' })
  unpriced_attempts: number

  @ApiProperty({ description: 'Dollars.', example: '12.340000000' })
  cost_usd: string
}

export class ProviderStatsResponse extends StatsResponse {
  @ApiProperty({ description: 'Always `provider.stats`.', enum: ['provider.stats'] })
  object: 'provider.stats'
}

export class RepositoryStatsResponse extends StatsResponse {
  @ApiProperty({ description: 'Always `repository.stats`.', enum: ['repository.stats'] })
  object: 'repository.stats'
}
