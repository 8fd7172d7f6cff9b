import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterPaths } from './cluster.js'
import { childProcessIds, commandLine, isSameProcess, processStartedAt } from './process-identity.js'
import { PostgresStartError } from './start-error.js'

/** A pid that no kernel gives (the limit is 2^22), which PostgreSQL's own check finds dead. */
const DEAD_PID = 2_147_483_646

interface Owner {
  pid: number
  startedAt: string
}

/** Records that this process runs the cluster, so that a second one does not stop it as a leftover. */
export function recordOwner(paths: ClusterPaths): void {
  const owner: Owner = { pid: process.pid, startedAt: processStartedAt(process.pid) ?? '' }
  writeFileSync(paths.owner, JSON.stringify(owner), { mode: 0o600 })
}

/** Throws when another living process runs the cluster in this folder. */
export function refuseSecondOwner(paths: ClusterPaths): void {
  const owner = readOwner(paths)
  if (owner === undefined || owner.pid === process.pid) return
  if (isSameProcess(owner.pid, owner.startedAt) && runningPostmaster(paths) !== undefined) {
    throw new PostgresStartError(
      `The PostgreSQL in ${paths.root} is already run by process ${owner.pid}: stop that one first, or use another folder.`,
    )
  }
}

/**
 * Stops the postmaster that a killed launcher left behind, and makes a `postmaster.pid` harmless whose pid now
 * belongs to someone else: PostgreSQL would take it for a living server and refuse to start.
 */
export async function stopLeftover(paths: ClusterPaths): Promise<void> {
  const pid = runningPostmaster(paths)
  if (pid === undefined) return forgetStalePid(paths)
  signal(pid, 'SIGINT')
  if (await isGone(pid, 5_000)) return
  signal(pid, 'SIGQUIT')
  if (await isGone(pid, 3_000)) return
  killPostmaster(pid)
  await isGone(pid, 3_000)
}

/** Kills a postmaster and its children at once: each backend has a session of its own, so no group reaches all. */
export function killPostmaster(pid: number): void {
  const children = childProcessIds(pid)
  signal(pid, 'SIGKILL')
  for (const child of children) signal(child, 'SIGKILL')
}

function runningPostmaster(paths: ClusterPaths): number | undefined {
  const pid = recordedPid(paths)
  if (pid === undefined || pid === process.pid || processStartedAt(pid) === undefined) return undefined
  const command = commandLine(pid)
  return command.includes('postgres') && command.includes(`-D ${paths.cluster} `) ? pid : undefined
}

function forgetStalePid(paths: ClusterPaths): void {
  // Also when nobody has the pid: a zombie that no parent collects counts as alive for PostgreSQL.
  const pid = recordedPid(paths)
  if (pid === undefined || pid === DEAD_PID) return
  // Only the pid: the rest of the file lets PostgreSQL find backends that outlived their postmaster, which it
  // must wait for before it touches the data.
  const path = join(paths.cluster, 'postmaster.pid')
  const rest = readFileSync(path, 'utf8').split('\n').slice(1)
  writeFileSync(path, [String(DEAD_PID), ...rest].join('\n'))
}

/** The pid in `postmaster.pid`; undefined when there is none. */
function recordedPid(paths: ClusterPaths): number | undefined {
  const pid = Number(postmasterLines(paths)[0])
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}

/** Whether the postmaster says of itself that it takes connections. */
export function saysReady(paths: ClusterPaths, pid: number): boolean {
  const lines = postmasterLines(paths)
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}

function postmasterLines(paths: ClusterPaths): string[] {
  try {
    return readFileSync(join(paths.cluster, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

function readOwner(paths: ClusterPaths): Owner | undefined {
  try {
    return JSON.parse(readFileSync(paths.owner, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

async function isGone(pid: number, timeoutMs: number): Promise<boolean> {
  const startedAt = processStartedAt(pid)
  const deadline = Date.now() + timeoutMs
  while (startedAt !== undefined && isSameProcess(pid, startedAt)) {
    if (Date.now() > deadline) return false
    await sleep(20)
  }
  return true
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It went by itself.
  }
}
