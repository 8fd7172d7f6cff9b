import { readFileSync } from 'node:fs'
import { ticksPerSecond } from './proc.js'
import { readProcesses, treeOf } from './process-tree.js'

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

function ownTicks(): number {
  const entries = readProcesses()
  return treeOf(process.pid, entries).reduce((sum, pid) => sum + (entries.get(pid)?.ticks ?? 0), 0)
}
