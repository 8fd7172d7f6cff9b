import { completionTokens, promptTokens } from '../upstream/chat.js'
import { inputPerMillion, outputPerMillion, type Grant } from './govern.js'
import type { Management, UsageRow } from './management.js'
import type { Sent, Settlement } from './target.js'

/** What must stand on a workload. */
export interface Totals {
  requests: number
  attempts: number
  inputTokens: number
  outputTokens: number
  costNanoUsd: bigint
}

const pollMs = 200
/** No further event for so long means that the rest will not come. */
const defaultPatienceMs = 60_000

/** Checks that metering was on: every request that was sent is in /v1/usage and /v1/costs, once, to the nano-dollar. */
export class Accounting {
  constructor(
    private readonly management: Management,
    private readonly grant: Grant,
    private readonly patienceMs = defaultPatienceMs,
  ) {}

  /** @throws when something is missing for a minute, or too much */
  async settle({ requests }: Sent): Promise<Settlement> {
    const startedMs = performance.now()
    const expected = expectedTotals(requests)
    let arrived = -1
    let arrivedMs = startedMs
    for (;;) {
      const usage = await this.totals('usage')
      const costs = await this.totals('costs')
      const nowMs = performance.now()
      if (usage.requests > requests || costs.requests > requests) {
        throw new Error(
          `${requests} requests were sent, but ${usage.requests} are in usage and ${costs.requests} in costs.`,
        )
      }
      if (usage.requests === requests && costs.requests === requests) {
        compare('/v1/usage', usage, expected)
        compare('/v1/costs', costs, expected)
        return { drainSeconds: (nowMs - startedMs) / 1000 }
      }
      const progress = usage.requests + costs.requests
      if (progress !== arrived) {
        arrived = progress
        arrivedMs = nowMs
      } else if (nowMs - arrivedMs > this.patienceMs) {
        throw new Error(
          `${requests} requests were sent, but only ${usage.requests} are in /v1/usage and ${costs.requests} in /v1/costs, ` +
            `and none came for ${this.patienceMs / 1000} s. A bench whose metering is off says nothing.`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  private async totals(resource: 'usage' | 'costs'): Promise<Totals> {
    return sumRows(await this.management.usage(resource, this.grant.workload, this.grant.grantedAt))
  }
}

/** What a number of the upstream's replies must come to. */
export function expectedTotals(requests: number): Totals {
  const count = BigInt(requests)
  const perRequest =
    (BigInt(promptTokens) * parseNanoUsd(inputPerMillion) +
      BigInt(completionTokens) * parseNanoUsd(outputPerMillion)) /
    1_000_000n
  return {
    requests,
    attempts: requests,
    inputTokens: requests * promptTokens,
    outputTokens: requests * completionTokens,
    costNanoUsd: count * perRequest,
  }
}

export function sumRows(rows: readonly UsageRow[]): Totals {
  const sum = (read: (row: UsageRow) => number): number =>
    rows.reduce((total, row) => total + Number(read(row)), 0)
  return {
    requests: sum((row) => row.requests),
    attempts: sum((row) => row.attempts),
    inputTokens: sum((row) => row.input_tokens),
    outputTokens: sum((row) => row.output_tokens),
    costNanoUsd: rows.reduce((total, row) => total + parseNanoUsd(row.cost_usd), 0n),
  }
}

/** Of a decimal string of dollars, exactly. @throws when it has more than nine decimals */
export function parseNanoUsd(usd: string): bigint {
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(usd)
  if (match === null) throw new Error(`Not an amount of dollars: ${usd}`)
  return BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
}

function compare(where: string, actual: Totals, expected: Totals): void {
  for (const name of Object.keys(expected) as (keyof Totals)[]) {
    if (actual[name] === expected[name]) continue
    throw new Error(`${where} says ${name} ${actual[name]} where the load makes it ${expected[name]}.`)
  }
}
