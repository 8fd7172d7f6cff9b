import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'
import { readProcesses, treeOf } from './process-tree.js'

/** Lets others go first on the core of these processes: all of their threads and descendants, and what these start. */
export function lowerPriority(pids: readonly number[], nice: number): void {
  const entries = readProcesses()
  for (const pid of pids.flatMap((root) => treeOf(root, entries))) {
    try {
      for (const tid of readdirSync(`/proc/${pid}/task`)) setPriority(Number(tid), nice)
    } catch {
      // It ended meanwhile.
    }
  }
}
