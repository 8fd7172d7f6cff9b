import { spawn } from 'node:child_process'
import { join } from 'node:path'

/**
 * Stops PostgreSQL some time after this process died without stopping it (kill -9): nothing else would, and it
 * has to outlive us so that the services can drain. A shell waits for the end of a pipe that only we hold.
 *
 * @returns ends the watch
 */
export function watchOver(options: { pid: number; cluster: string; graceMs: number }): () => void {
  const script = `
    read -r _
    [ "$3" = 0 ] || sleep "$3"
    ours() { read -r first < "$2" && [ "$first" = "$1" ]; }
    for signal in INT QUIT; do
      ours "$1" "$2" || exit 0
      kill -s "$signal" "$1" || exit 0
      for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; ours "$1" "$2" || exit 0; done
    done`
  const pidFile = join(options.cluster, 'postmaster.pid')
  const watchdog = spawn(
    'sh',
    ['-c', script, 'weir-postgres-watchdog', String(options.pid), pidFile, String(options.graceMs / 1000)],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  )
  watchdog.on('error', () => undefined)
  watchdog.stdin.on('error', () => undefined)
  watchdog.unref()
  return () => watchdog.kill('SIGKILL')
}
