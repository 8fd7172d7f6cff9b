import { type UsageField, usageUnitTable } from '@weir/rating'

/** What usage can be told apart by: the names in `group_by` and as filters, and the columns that hold them. */
export const usageDimensions = {
  team: { column: 'team', noun: 'team', description: 'Team (business unit) that pays.' },
  workload: { column: 'workload', noun: 'workload', description: 'Workload id.' },
  workspace: { column: 'workspace', noun: 'workspace', description: 'Workspace id.' },
  model: { column: 'model', noun: 'model', description: 'Public name of the model.' },
  provider: { column: 'provider', noun: 'provider', description: "Provider's name." },
  key: { column: 'virtual_key', noun: 'virtual key', description: 'Virtual key id.' },
} as const

/** The name of a dimension on the API. */
export type UsageDimension = keyof typeof usageDimensions

export const usageDimensionNames = Object.keys(usageDimensions) as UsageDimension[]

/** Lengths of time that usage is summed over; all begin and end in UTC. */
export const usageIntervals = ['hour', 'day', 'month'] as const

/** Length of time that usage is summed over. */
export type UsageInterval = (typeof usageIntervals)[number]

/** The figures of a row, each a column of the tables that reports are made from, in the order of the reply. */
export const usageFigures: readonly ('requests' | 'attempts' | UsageField | 'unpriced_attempts')[] = [
  'requests',
  'attempts',
  ...usageUnitTable.map(({ field }) => field),
  'unpriced_attempts',
]
