import type { UsageRated } from '@weir/contracts'
import { addAttempt, emptySum, type UsageSum } from '@weir/rating'
import { startOf } from './interval.js'
import type { RatedUsage } from './rated-usage.js'

/** What attempts of one hour come to that differ in nothing by which usage is told apart. */
export interface UsageGroup {
  /** One of them, for what is the same in all. */
  event: UsageRated
  hourMs: number
  /** When the last of them started. */
  seenAtMs: number
  /** The team that pays, last, and the teams above it, from the top down; empty when no team pays. */
  teamPath: string[]
  sum: UsageSum
}

/**
 * Adds usage up by the hour and everything that it is told apart by: thousands of attempts are mostly a few
 * groups, and only those go on to days, months and the teams above.
 * @returns the groups by when their last attempt started; of equal ones by which came later
 */
export function groupUsage(usages: Iterable<RatedUsage>): UsageGroup[] {
  const groups = new Map<string, UsageGroup & { nth: number }>()
  let nth = 0
  for (const { event, startedAtMs, costNanoUsd } of usages) {
    const hourMs = startOf('hour', startedAtMs)
    const { organization, team, teamPath, workspace, workload, model, provider, virtualKey } = event
    // No name has a NUL character: checkStorable refuses it.
    const key = `${hourMs}\0${organization}\0${team}\0${teamPath}\0${workspace}\0${workload}\0${model}\0${provider}\0${virtualKey}`
    let group = groups.get(key)
    if (!group) {
      const seen = { seenAtMs: startedAtMs, nth }
      group = { event, hourMs, ...seen, teamPath: readTeamPath(event), sum: emptySum() }
      groups.set(key, group)
    }
    if (startedAtMs >= group.seenAtMs) {
      group.seenAtMs = startedAtMs
      group.nth = nth
    }
    addAttempt(group.sum, event, costNanoUsd)
    nth++
  }
  return [...groups.values()].sort((a, b) => a.seenAtMs - b.seenAtMs || a.nth - b.nth)
}

/** A team counts once, and pays for itself even when the path was cut short. */
function readTeamPath({ team, teamPath }: UsageRated): string[] {
  if (team === '') return []
  const above = teamPath.split('/').filter((name) => name !== '' && name !== team)
  return [...new Set(above), team]
}
