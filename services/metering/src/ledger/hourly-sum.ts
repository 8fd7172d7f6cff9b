import { addAttempt, emptySum, type UsageSum } from '@weir/rating'
import { createHash } from 'node:crypto'
import type { RatedAttempt } from './rated-attempt.js'

const hourMs = 3_600_000

/** Usage of one hour (UTC) and one combination of all dimensions. */
export interface HourlySum extends UsageSum {
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
    // No name has a NUL character: checkStorable refuses it.
    const key = `${startMs}\0${organization}\0${team}\0${workspace}\0${workload}\0${model}\0${provider}\0${virtualKey}`
    let sum = sums.get(key)
    if (!sum) {
      const names = { organization, team, workspace, workload, model, provider, virtualKey }
      sum = { startMs, dimensions: digest(Object.values(names)), ...names, ...emptySum() }
      sums.set(key, sum)
    }
    addAttempt(sum, event, costNanoUsd)
  }
  return [...sums.values()].sort((a, b) => a.startMs - b.startMs || (a.dimensions < b.dimensions ? -1 : 1))
}

/** 128 bits of SHA-256, in the form of a UUID for PostgreSQL's 16-byte type. */
function digest(names: string[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 32)
}
