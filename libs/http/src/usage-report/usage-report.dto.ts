import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger'
import { Transform, type TransformFnParams } from 'class-transformer'
import { Field, WordField } from '../field.js'
import { PageOf } from '../page.js'
import {
  type UsageDimension,
  usageDimensionNames,
  usageDimensions,
  type UsageInterval,
  usageIntervals,
} from './dimension.js'
import { UsageFigures } from './usage-figures.dto.js'
import { UsageFilterQuery } from './usage-filter.dto.js'

const splitCommas = ({ value }: TransformFnParams): unknown => {
  if (value === undefined) return undefined
  const parts: unknown[] = Array.isArray(value) ? value : [value]
  return parts.flatMap((part) =>
    typeof part === 'string' ? part.split(',').map((name) => name.trim()) : [part],
  )
}

function checkDimensions(value: unknown): string | undefined {
  const names = value as unknown[]
  if (!names.every((name) => (usageDimensionNames as unknown[]).includes(name))) {
    return `takes ${usageDimensionNames.join(', ')}`
  }
  return new Set(names).size < names.length ? 'names a dimension twice' : undefined
}

/** What to report: a period, how to cut it up, and of what. */
export class UsageReportQuery extends UsageFilterQuery {
  @WordField({
    words: usageIntervals,
    optional: true,
    description: 'A row for each hour, day or month (UTC). Absent: one row for the whole period.',
  })
  interval?: UsageInterval

  @Field(
    { optional: true, description: 'A row for each value of these; separated by commas, or repeated.' },
    { type: 'array', items: { type: 'string', enum: usageDimensionNames }, uniqueItems: true },
    checkDimensions,
  )
  @Transform(splitCommas)
  group_by?: UsageDimension[]
}

const Dimension = (name: UsageDimension): PropertyDecorator =>
  ApiPropertyOptional({
    type: String,
    nullable: true,
    description: `${usageDimensions[name].description} Only when grouped by; null: none.`,
  })

/** Usage and cost of one group in one interval. */
export class UsageReportRow extends UsageFigures {
  @ApiProperty({
    format: 'date-time',
    description: 'Start of the interval in UTC; without `interval`, of the whole period.',
  })
  start: string

  @ApiPropertyOptional({ enum: usageIntervals, description: 'As asked for; absent without it.' })
  interval?: UsageInterval

  @Dimension('team')
  team?: string | null

  @Dimension('workload')
  workload?: string | null

  @Dimension('workspace')
  workspace?: string | null

  @Dimension('model')
  model?: string | null

  @Dimension('provider')
  provider?: string | null

  @Dimension('key')
  key?: string | null

  @ApiProperty({
    type: 'integer',
    description:
      'Requests: each counts once, where its first attempt went. Retries and fallbacks are in `attempts` alone.',
  })
  requests: number

  @ApiProperty({ type: 'integer', description: 'Calls to providers, retries and fallbacks included.' })
  attempts: number

  @ApiProperty({
    example: '0.012345678',
    description: 'Cost in dollars, exact, of the attempts that have a price.',
  })
  cost_usd: string

  @ApiProperty({
    type: 'integer',
    description:
      'Attempts whose price is not known: they are not in `cost_usd`, so it is too low when this is not 0.',
  })
  unpriced_attempts: number
}

/** A page of a report. */
export class UsageReportPage extends PageOf(UsageReportRow) {}
