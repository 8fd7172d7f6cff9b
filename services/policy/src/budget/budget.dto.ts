import { ApiProperty } from '@nestjs/swagger'
import {
  DollarsField,
  Field,
  formatDollars,
  ObjectField,
  PageQuery,
  SwitchField,
  TextField,
  UnchangeableField,
  WordField,
} from '@weir/http'
import { parseUsd } from '@weir/rating'
import {
  type Budget,
  type BudgetChange,
  type BudgetFields,
  type BudgetScope,
  budgetScopes,
} from './budget.entity.js'
import { isTimeZone, periods, type Period } from './period.js'

const scopeId = (what: string, example: string) => ({
  description: `Id of ${what}.`,
  maxLength: 200,
  optional: 'not null' as const,
  example,
})

/** Exactly one of them. */
export class BudgetScopeDto {
  @TextField(scopeId('the organization', 'org_default'))
  organization?: string

  @TextField(scopeId('a team; the teams below it count too', 'sales'))
  team?: string

  @TextField(scopeId('a workspace', 'ws_01k9x3v0c2m8q4r7t5y6z1a2b3'))
  workspace?: string

  @TextField(scopeId('a workload', 'support-bot'))
  workload?: string

  @TextField(scopeId('a virtual key', 'key_01k9x3v0c2m8q4r7t5y6z1a2b3'))
  key?: string
}

const amount = { description: 'Dollars that may be spent in each period.', example: '100.00' }
const hard = {
  description: 'true: what does not fit is refused. false: it only tells. Left out: true.',
}
const thresholds = {
  description: 'Percent of the amount at which an event is sent. Left out: 50, 80 and 100.',
  example: [50, 80, 100],
}
const lowersOutput = {
  description:
    'A request whose bound does not fit is sent with a lower output limit, when that fits. Left out: false.',
}

function ThresholdsField(): PropertyDecorator {
  const schema = {
    type: 'array',
    items: { type: 'integer', minimum: 1, maximum: 1000 },
    maxItems: 10,
  } as const
  return Field({ ...thresholds, optional: 'not null' }, schema, (value) => {
    const isSound =
      Array.isArray(value) &&
      value.length <= 10 &&
      new Set(value).size === value.length &&
      value.every((percent) => Number.isInteger(percent) && percent >= 1 && percent <= 1000)
    return isSound ? undefined : 'must be a list of at most 10 different whole numbers from 1 to 1000'
  })
}

function TimeZoneField(): PropertyDecorator {
  const documented = {
    description: 'Where its days, weeks and months begin: a name of the IANA database. Left out: UTC.',
    optional: 'not null' as const,
    example: 'Europe/Berlin',
  }
  return Field(documented, { type: String, maxLength: 64 }, (value) =>
    typeof value === 'string' && value.length <= 64 && isTimeZone(value)
      ? undefined
      : 'must be the name of a time zone, such as Europe/Berlin',
  )
}

export class CreateBudgetDto {
  @ObjectField({ description: 'Whose spending it limits.' }, () => BudgetScopeDto)
  scope: BudgetScopeDto

  @DollarsField(amount)
  amount: string

  @WordField({ description: 'How often it starts anew; `once`: never.', words: periods })
  period: Period

  @TimeZoneField()
  time_zone?: string

  @SwitchField({ ...hard, optional: 'not null' })
  hard?: boolean

  @ThresholdsField()
  thresholds?: number[]

  @SwitchField({ ...lowersOutput, optional: 'not null' })
  lowers_output?: boolean
}

const newOne = 'make another budget instead'

export class UpdateBudgetDto {
  @UnchangeableField(newOne)
  scope?: never

  @DollarsField({ ...amount, optional: 'not null' })
  amount?: string

  @UnchangeableField(newOne)
  period?: never

  @UnchangeableField(newOne)
  time_zone?: never

  @SwitchField({ ...hard, optional: 'not null' })
  hard?: boolean

  @ThresholdsField()
  thresholds?: number[]

  @SwitchField({ ...lowersOutput, optional: 'not null' })
  lowers_output?: boolean
}

export class ListBudgetsQuery extends PageQuery {}

export class BudgetResponse {
  @ApiProperty({ description: 'Its id.', example: 'budget_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Whose spending it limits.',
    example: { team: 'sales' },
  })
  scope: Partial<Record<BudgetScope, string>>

  @ApiProperty({ description: amount.description, example: '100' })
  amount: string

  @ApiProperty({ type: String, description: 'How often it starts anew.', enum: periods })
  period: Period

  @ApiProperty({ description: 'Where its days begin.', example: 'UTC' })
  time_zone: string

  @ApiProperty({ description: 'Whether it refuses what does not fit.' })
  hard: boolean

  @ApiProperty({ type: [Number], description: 'Percent of the amount at which an event is sent.' })
  thresholds: number[]

  @ApiProperty({ description: 'Whether it has output limits lowered.' })
  lowers_output: boolean

  @ApiProperty({
    description: '`identity`: it is the `max_budget` of a team or key and is changed there.',
    enum: ['budget', 'identity'],
  })
  source: string

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

export function toResponse(budget: Budget): BudgetResponse {
  return {
    id: budget.id,
    scope: { [budget.scope]: budget.scopeId },
    amount: formatDollars(budget.amountNanoUsd),
    period: budget.period,
    time_zone: budget.timeZone,
    hard: budget.hard,
    thresholds: budget.thresholds,
    lowers_output: budget.lowersOutput,
    source: budget.source,
    created_at: budget.createdAt.toISOString(),
    updated_at: budget.updatedAt.toISOString(),
  }
}

/** The one scope that was named; undefined when there is not exactly one. */
export function toScope(dto: BudgetScopeDto): { scope: BudgetScope; scopeId: string } | undefined {
  const named = budgetScopes.flatMap((scope) =>
    dto[scope] === undefined ? [] : [{ scope, scopeId: dto[scope] }],
  )
  return named.length === 1 ? named[0] : undefined
}

export function toFields(dto: CreateBudgetDto, scope: { scope: BudgetScope; scopeId: string }): BudgetFields {
  return {
    ...scope,
    amountNanoUsd: parseUsd(dto.amount),
    period: dto.period,
    timeZone: dto.time_zone ?? 'UTC',
    hard: dto.hard ?? true,
    thresholds: dto.thresholds ?? [50, 80, 100],
    lowersOutput: dto.lowers_output ?? false,
  }
}

export function toChange(dto: UpdateBudgetDto): BudgetChange {
  return {
    ...(dto.amount !== undefined && { amountNanoUsd: parseUsd(dto.amount) }),
    ...(dto.hard !== undefined && { hard: dto.hard }),
    ...(dto.thresholds !== undefined && { thresholds: dto.thresholds }),
    ...(dto.lowers_output !== undefined && { lowersOutput: dto.lowers_output }),
  }
}
