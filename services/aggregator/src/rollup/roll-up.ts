import { type UsageInterval, usageIntervals } from '@weir/http'
import { addSum, emptySum, type UsageSum } from '@weir/rating'
import { createHash } from 'node:crypto'
import { startOf } from './interval.js'
import type { UsageGroup } from './usage-group.js'

/** Usage of one interval and one combination of all dimensions. */
export interface Rollup extends UsageSum {
  interval: UsageInterval
  startMs: number
  /** Stands for the names below: a key of fixed size, where names could outgrow an index. */
  dimensions: string
  organization: string
  team: string
  teamPath: string
  workspace: string
  workload: string
  model: string
  provider: string
  virtualKey: string
}

/** Usage of one interval and one business unit: its own, and the cost of all below it too. */
export interface BusinessUnitRollup extends UsageSum {
  organization: string
  team: string
  interval: UsageInterval
  startMs: number
  teamPath: string
  /** When an attempt last showed this path. A team can be moved: the latest path stands. */
  pathSeenAtMs: number
  costWithDescendantsNanoUsd: bigint
}

/**
 * Sums usage by interval and dimensions, in the order in which rows are to be locked: transactions
 * that all lock in one order cannot wait for each other in a circle.
 */
export function rollUp(groups: Iterable<UsageGroup>): Rollup[] {
  const rollups = new Map<string, Rollup>()
  for (const { event, hourMs, teamPath, sum } of groups) {
    const { organization, team, workspace, workload, model, provider, virtualKey } = event
    const names = {
      organization,
      team,
      teamPath: teamPath.join('/'),
      workspace,
      workload,
      model,
      provider,
      virtualKey,
    }
    const nameKey = JSON.stringify(Object.values(names))
    for (const interval of usageIntervals) {
      const startMs = startOf(interval, hourMs)
      const key = `${interval} ${startMs} ${nameKey}`
      let rollup = rollups.get(key)
      if (!rollup) {
        rollup = { interval, startMs, dimensions: digest(nameKey), ...names, ...emptySum() }
        rollups.set(key, rollup)
      }
      addSum(rollup, sum)
    }
  }
  return [...rollups.values()].sort(
    (a, b) => compare(a.interval, b.interval) || a.startMs - b.startMs || compare(a.dimensions, b.dimensions),
  )
}

/**
 * Sums usage by business unit and interval: each attempt on its team and, as cost, on every team above. In lock
 * order, as rollUp.
 * @param groups as groupUsage gives them: what was seen last is last
 */
export function rollUpBusinessUnits(groups: Iterable<UsageGroup>): BusinessUnitRollup[] {
  const rollups = new Map<string, BusinessUnitRollup>()
  for (const { event, hourMs, seenAtMs, teamPath, sum } of groups) {
    const { organization } = event
    for (const interval of usageIntervals) {
      const startMs = startOf(interval, hourMs)
      teamPath.forEach((team, depth) => {
        const key = JSON.stringify([organization, team, interval, startMs])
        const path = { teamPath: teamPath.slice(0, depth + 1).join('/'), pathSeenAtMs: seenAtMs }
        let rollup = rollups.get(key)
        if (!rollup) {
          const cost = { costWithDescendantsNanoUsd: 0n }
          rollup = { organization, team, interval, startMs, ...path, ...cost, ...emptySum() }
          rollups.set(key, rollup)
        }
        Object.assign(rollup, path)
        if (team === event.team) addSum(rollup, sum)
        rollup.costWithDescendantsNanoUsd += sum.costNanoUsd
      })
    }
  }
  return [...rollups.values()].sort(
    (a, b) =>
      compare(a.organization, b.organization) ||
      compare(a.team, b.team) ||
      compare(a.interval, b.interval) ||
      a.startMs - b.startMs,
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** 128 bits of SHA-256, in the form of a UUID for PostgreSQL's 16-byte type. */
function digest(names: string): string {
  return createHash('sha256').update(names).digest('hex').slice(0, 32)
}
