import { businessUnitCostRolledUp, type Message } from '@weir/contracts'
import { formatStart } from '@weir/http'
import { formatUsd, type UsageBucket, usageUnitTable } from '@weir/rating'
import { randomUUID } from 'node:crypto'
import type { BusinessUnitRow } from './rollup.repository.js'

const source = 'weir/aggregator'

/** The message that tells what a business unit has come to. */
export function toMessage(row: BusinessUnitRow, rolledUpAt: Date): Message {
  return businessUnitCostRolledUp.encode(
    {
      eventId: randomUUID(),
      rolledUpAt: rolledUpAt.toISOString(),
      organization: row.organization,
      team: row.team,
      teamPath: row.team_path,
      interval: row.interval,
      start: formatStart(row.start),
      revision: Number(row.revision),
      requests: Number(row.requests),
      attempts: Number(row.attempts),
      ...countsOf(row),
      cost: formatUsd(BigInt(row.cost_nano_usd)),
      costWithDescendants: formatUsd(BigInt(row.cost_with_descendants_nano_usd)),
      currency: 'USD',
    },
    source,
  )
}

function countsOf(row: BusinessUnitRow): Record<UsageBucket, number> {
  const counts = usageUnitTable.map(({ bucket, field }) => [bucket, Number(row[field])])
  return Object.fromEntries(counts) as Record<UsageBucket, number>
}
