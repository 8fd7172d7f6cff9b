import { createHash } from 'node:crypto'
import type { RatedAttempt } from './rated-attempt.js'

const hourMs = 3_600_000

/** Usage of one hour (UTC) and one combination of all dimensions. */
export interface HourlySum {
  startMs: number
  /** Stands for the names below: a key of fixed size, where names could outgrow an index. */
  dimensions: string
  organization: string
  team: string
  workspace: string
  workload: string
  model: string
  provider: string
  virtualKey: string
  requests: number
  attempts: number
  inputTokens: number
  cachedInputTokens: number
  cacheWriteTokens: number
  outputTokens: number
  reasoningTokens: number
  unpricedAttempts: number
  costNanoUsd: bigint
}

/**
 * Sums attempts by the hour in which they started, in the order in which their rows are to be
 * locked: transactions that all lock in one order cannot wait for each other in a circle.
 */
export function sumByHour(attempts: Iterable<RatedAttempt>): HourlySum[] {
  const sums = new Map<string, HourlySum>()
  for (const { event, startedAtMs, costNanoUsd } of attempts) {
    const startMs = startedAtMs - (startedAtMs % hourMs)
    const { organization, team, workspace, workload, model, provider, virtualKey } = event
    const names = [organization, team, workspace, workload, model, provider, virtualKey]
    const key = JSON.stringify([startMs, ...names])
    let sum = sums.get(key)
    if (!sum) {
      sum = {
        startMs,
        dimensions: digest(names),
        ...{ organization, team, workspace, workload, model, provider, virtualKey },
        ...{ requests: 0, attempts: 0, unpricedAttempts: 0, costNanoUsd: 0n },
        ...{ inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 },
      }
      sums.set(key, sum)
    }
    // The first attempt stands for its request, so that a request counts once however often it was tried.
    if (event.attempt === 1) sum.requests++
    sum.attempts++
    sum.inputTokens += event.inputTokens
    sum.cachedInputTokens += event.cachedInputTokens
    sum.cacheWriteTokens += event.cacheWriteTokens
    sum.outputTokens += event.outputTokens
    sum.reasoningTokens += event.reasoningTokens
    if (costNanoUsd === undefined) sum.unpricedAttempts++
    else sum.costNanoUsd += costNanoUsd
  }
  return [...sums.values()].sort((a, b) => a.startMs - b.startMs || (a.dimensions < b.dimensions ? -1 : 1))
}

/** 128 bits of SHA-256, in the form of a UUID for PostgreSQL's 16-byte type. */
function digest(names: string[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 32)
}
