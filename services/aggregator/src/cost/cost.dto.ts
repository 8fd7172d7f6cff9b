import { Field, UsageReportQuery } from '@weir/http'
import { Transform, type TransformFnParams } from 'class-transformer'

const readSwitch = ({ value }: TransformFnParams): unknown =>
  value === 'true' ? true : value === 'false' ? false : (value as unknown)

/** As UsageReportQuery, and whether a team's cost has in it that of the teams below. */
export class CostReportQuery extends UsageReportQuery {
  @Field(
    {
      optional: true,
      description:
        'Each row is of a team and of all teams below it, so rows overlap and have no sum. Needs `group_by=team`, ' +
        'alone or with others. A team that was moved keeps what it used before under its parents of that time.',
    },
    { type: Boolean, default: false },
    (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  )
  @Transform(readSwitch)
  include_descendants?: boolean
}
