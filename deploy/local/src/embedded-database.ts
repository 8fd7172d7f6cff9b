import { PostgresStartError, startPostgres, type EmbeddedPostgres } from '@weir/embedded-postgres'
import type { Home } from './home.js'
import { LaunchError } from './launch-error.js'
import { ServiceLog } from './service-log.js'
import { appendFileSync } from 'node:fs'
import type { Run } from './supervised.js'

/** Services of a killed launcher drain for up to 25 s and need it until then. */
const ORPHAN_GRACE_MS = 30_000

/** Starts the instance's PostgreSQL on its kept port and tells its address. */
export async function runDatabase(options: {
  home: Home
  port: number
  password: string
  log: ServiceLog
}): Promise<Run & { url: string }> {
  let postgres: EmbeddedPostgres
  try {
    postgres = await startPostgres({
      dataDir: options.home.postgres,
      port: options.port,
      password: options.password,
      database: 'weir',
      orphanGraceMs: ORPHAN_GRACE_MS,
      onLog: (line) => appendLine(options.log.path, line),
    })
  } catch (error) {
    throw error instanceof PostgresStartError ? new LaunchError(error.message) : error
  }
  return {
    pid: postgres.pid,
    url: postgres.url,
    exited: postgres.exited.then(({ code, signal }) => signal ?? `exit code ${code}`),
    stop: () => postgres.stop(),
    kill: (signal) => (signal === 'SIGKILL' ? postgres.kill() : process.kill(postgres.pid, signal)),
  }
}

function appendLine(path: string, line: string): void {
  try {
    appendFileSync(path, `${line}\n`, { mode: 0o600 })
  } catch {
    // A full disk costs the log, not the database.
  }
}
