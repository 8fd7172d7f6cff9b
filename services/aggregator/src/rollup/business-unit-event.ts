import { businessUnitCostRolledUp, type Message } from '@weir/contracts'
import { formatStart } from '@weir/http'
import { formatUsd } from '@weir/rating'
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
      inputTokens: Number(row.input_tokens),
      cachedInputTokens: Number(row.cached_input_tokens),
      cacheWriteTokens: Number(row.cache_write_tokens),
      outputTokens: Number(row.output_tokens),
      reasoningTokens: Number(row.reasoning_tokens),
      cost: formatUsd(BigInt(row.cost_nano_usd)),
      costWithDescendants: formatUsd(BigInt(row.cost_with_descendants_nano_usd)),
      currency: 'USD',
    },
    source,
  )
}
