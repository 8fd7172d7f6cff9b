import { readdirSync, readFileSync } from 'node:fs'
import { ticksPerSecond } from './proc.js'

/** Beyond this share of one core the neighbours are heard in the figures. */
export const noisyShare = 0.15

/** What the whole machine and what this process with all of its descendants has used so far. */
export interface MachineUse {
  atMs: number
  busySeconds: number
  ownSeconds: number
}

/** Hypervisor's theft counts as busy; interrupts do not, since some kernels charge them to the process as well. */
export function machineUse(): MachineUse {
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = readFileSync('/proc/stat', 'latin1')
    .slice('cpu '.length)
    .trim()
    .split(/\s+/, 8)
    .map(Number)
  return {
    atMs: performance.now(),
    busySeconds: (user + nice + system + steal) / ticksPerSecond,
    ownSeconds: ownTicks() / ticksPerSecond,
  }
}

/** Time that others used between two readings, as a share of one core. */
export function foreignShare(before: MachineUse, after: MachineUse): number {
  const others = after.busySeconds - before.busySeconds - (after.ownSeconds - before.ownSeconds)
  return Math.max(0, (1000 * others) / (after.atMs - before.atMs))
}

interface Entry {
  parent: number
  /** Its own time and that of the children it has waited for. */
  ticks: number
}

function ownTicks(): number {
  const entries = new Map<number, Entry>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const entry = readEntry(name)
    if (entry !== undefined) entries.set(Number(name), entry)
  }
  let ticks = 0
  for (const [pid, entry] of entries) if (isOwn(pid, entries)) ticks += entry.ticks
  return ticks
}

function readEntry(pid: string): Entry | undefined {
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

function isOwn(pid: number, entries: ReadonlyMap<number, Entry>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = entries.get(at)?.parent) {
    if (at === process.pid) return true
  }
  return false
}
