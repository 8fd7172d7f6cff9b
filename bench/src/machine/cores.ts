import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Where things run: the target alone on one core, everything else on another; undefined when the machine cannot. */
export interface Cores {
  target: number
  rest: number
}

/** Why nothing is pinned, or the cores. */
export type Pinning = { cores: Cores } | { cores: undefined; reason: string }

/** Moves this process, and with it all that it starts, to the second core. */
export function claimCores(): Pinning {
  if (availableParallelism() < 2) return { cores: undefined, reason: 'this machine has only one core' }
  const cores = { target: 0, rest: 1 }
  const failure = pin(process.pid, cores.rest)
  return failure === undefined ? { cores } : { cores: undefined, reason: failure }
}

/** Moves a running process with all of its threads to a core; answers why it could not. */
export function pin(pid: number, core: number): string | undefined {
  const { error, status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], {
    encoding: 'utf8',
  })
  if (error) return `taskset cannot be run (${error.message})`
  return status === 0 ? undefined : `taskset refused: ${stderr.trim()}`
}

/** The command that starts `command` on a core. */
export const onCore = (core: number | undefined, command: string[]): string[] =>
  core === undefined ? command : ['taskset', '-c', String(core), ...command]
