import { readdirSync, readFileSync } from 'node:fs'

/** A living process. */
export interface ProcessEntry {
  parent: number
  /** Hundredths of a second that it and the children it has waited for have used. */
  ticks: number
}

/** Every process of the machine, by id. */
export function readProcesses(): Map<number, ProcessEntry> {
  const entries = new Map<number, ProcessEntry>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const entry = readEntry(name)
    if (entry !== undefined) entries.set(Number(name), entry)
  }
  return entries
}

/** A process and all that descends from it, as long as those between are alive. */
export function treeOf(root: number, entries: ReadonlyMap<number, ProcessEntry>): number[] {
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined; at = entries.get(at)?.parent) {
      if (at === root) return true
    }
    return false
  }
  return [...entries.keys()].filter(isOurs)
}

function readEntry(pid: string): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 15)
    return {
      parent: Number(fields[1]),
      ticks: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0),
    }
  } catch {
    // It ended meanwhile; whoever waits for it is charged.
    return undefined
  }
}
