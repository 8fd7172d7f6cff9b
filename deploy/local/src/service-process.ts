import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { ServiceLog } from './service-log.js'
import type { Run } from './supervised.js'

/** Longer than a service takes to give up by itself (`libs/http`), with the default of what it drains; one that is still there then is stuck. */
const STOP_TIMEOUT_MS = 26_000

/**
 * Starts a service in a process of its own. Its IPC channel is how it hears that the launcher was killed; it is
 * in a session of its own, so that Ctrl-C reaches the launcher alone, which stops the services in order.
 */
export function runService(options: {
  main: string
  cwd: string
  env: NodeJS.ProcessEnv
  log: ServiceLog
  niceness?: number
  stopTimeoutMs?: number
}): Run {
  const log = openSync(options.log.path, 'a', 0o600)
  let child: ChildProcess
  try {
    child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', options.main], {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    })
  } finally {
    closeSync(log)
  }
  if (options.niceness) yieldTo(child, options.niceness)
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  return {
    pid: child.pid ?? 0,
    exited,
    kill: (signal) => child.kill(signal),
    stop: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), options.stopTimeoutMs ?? STOP_TIMEOUT_MS)
      await exited
      clearTimeout(timer)
    },
  }
}

/** Lets a process wait for others that need its core. What the system refuses is left as it is. */
function yieldTo({ pid }: ChildProcess, niceness: number): void {
  if (pid === undefined) return
  try {
    setPriority(pid, niceness)
    // Linux weighs whole sessions where it groups processes by them, and each service has its own.
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness))
  } catch {
    // Nothing but speed depends on it.
  }
}
