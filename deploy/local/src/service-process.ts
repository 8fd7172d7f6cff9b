import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { ServiceLog } from './service-log.js'
import type { Run } from './supervised.js'

/** The gateway's own default. */
const DRAIN_MS = 10_000

/** A service gives up by itself when it is not closed 15 s after what it drains (`libs/http`). */
const CLOSE_TIMEOUT_MS = 16_000

/** After so long a service that was told to stop is stuck. */
export const stopTimeoutMs = (env: NodeJS.ProcessEnv): number =>
  CLOSE_TIMEOUT_MS + (Number(env['WEIR_DRAIN_MS']) || DRAIN_MS)

/**
 * Starts a service in a process of its own. Its IPC channel is how it hears that the launcher was killed; it is
 * in a session of its own, so that Ctrl-C reaches the launcher alone, which stops the services in order.
 */
export function runService(options: {
  main: string
  cwd: string
  env: NodeJS.ProcessEnv
  log: ServiceLog
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
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs(options.env))
      await exited
      clearTimeout(timer)
    },
  }
}
