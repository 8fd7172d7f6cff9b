import type { ApiPropertyOptions } from '@nestjs/swagger'
import { Transform, type TransformFnParams } from 'class-transformer'
import { Field } from '../field.js'
import { PageQuery } from '../page.js'
import { type UsageDimension, usageDimensions } from './dimension.js'

const momentPattern = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/

/** RFC 3339, or a date alone: its first moment in UTC. Undefined for anything else, and for 30 February. */
export function parseMoment(text: string): Date | undefined {
  const [, date, time] = momentPattern.exec(text) ?? []
  if (date === undefined || date < '1970') return undefined
  const day = new Date(`${date}T00:00:00Z`)
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date)) return undefined
  const moment = time === undefined ? day : new Date(text)
  return Number.isNaN(moment.getTime()) ? undefined : moment
}

/** A parameter that is a moment: RFC 3339, or a date alone. */
export function MomentField(description: string): PropertyDecorator {
  const schema = { type: String, example: '2026-01-31' } as ApiPropertyOptions
  return Field({ description, optional: true }, schema, (value) =>
    typeof value === 'string' && parseMoment(value)
      ? undefined
      : 'must be a date (2026-01-31) or a time as in RFC 3339 (2026-01-31T12:00:00Z; send + as %2B)',
  )
}

const toList = ({ value }: TransformFnParams): unknown =>
  value === undefined || Array.isArray(value) ? (value as unknown) : [value]

function checkValues(value: unknown): string | undefined {
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) return 'must be text'
  if (value.length > 100) return 'may be given at most 100 times'
  if (value.some((entry) => entry.length > 1_000)) return 'must have at most 1000 characters'
  // PostgreSQL's text cannot hold it.
  return value.some((entry) => entry.includes('\0')) ? 'may not contain control characters' : undefined
}

/** A parameter that keeps what has one of its values; repeated to allow several. */
export function ValuesField(description: string): PropertyDecorator {
  const schema = {
    type: 'array',
    items: { type: 'string', maxLength: 1_000 },
    maxItems: 100,
  } as ApiPropertyOptions
  return (target, property) => {
    Field(
      { description: `${description} Repeat it to allow several.`, optional: true },
      schema,
      checkValues,
    )(target, property)
    Transform(toList)(target, property)
  }
}

function FilterBy(dimension: UsageDimension): PropertyDecorator {
  return ValuesField(`Only of this ${usageDimensions[dimension].noun}; empty: of none.`)
}

/** Which usage: a period and filters. What /v1/usage, /v1/costs and /v1/requests have in common. */
export class UsageFilterQuery extends PageQuery {
  @MomentField('First moment: RFC 3339, or a date (UTC). Default: 30 days before `end`.')
  start?: string

  @MomentField('The moment after the last: RFC 3339, or a date (UTC). Default: now.')
  end?: string

  @FilterBy('team')
  team?: string[]

  @FilterBy('workload')
  workload?: string[]

  @FilterBy('workspace')
  workspace?: string[]

  @FilterBy('model')
  model?: string[]

  @FilterBy('provider')
  provider?: string[]

  @FilterBy('key')
  key?: string[]
}
