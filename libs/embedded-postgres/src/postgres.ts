import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { locateBinaries, type PostgresBinaries } from './binaries.js'
import {
  checkCluster,
  type ClusterPaths,
  clusterPaths,
  createCluster,
  damaged,
  ensurePassword,
} from './cluster.js'
import { killPostmaster, recordOwner, refuseSecondOwner, saysReady, stopLeftover } from './leftover.js'
import { freePort, isPortFree } from './ports.js'
import { settingArguments } from './settings.js'
import { diskFull, fileError, PostgresStartError } from './start-error.js'
import { giveTo, type Unprivileged, unprivileged } from './unprivileged.js'
import { watchOver } from './watchdog.js'

export interface StartPostgresOptions {
  /** Folder for the cluster, its password (0600) and links to its libraries; made when absent. */
  dataDir: string
  /** Port on 127.0.0.1; chosen free when absent. */
  port?: number
  /** Password of the superuser; when absent one is generated and kept in `dataDir`. */
  password?: string
  /** Database that `url` names; created when absent. Default `postgres`. */
  database?: string
  /** Each line that PostgreSQL logs: its own life, warnings and worse; statements that fail are among them. */
  onLog?: (line: string) => void
  /** Server settings on top of the small local ones, e.g. `{ fsync: 'off' }` for throw-away data. */
  settings?: Record<string, string>
  /** How long PostgreSQL outlives a killed process of ours, so that others can finish with it. Default 0. */
  orphanGraceMs?: number
}

export interface PostgresExit {
  code: number | null
  signal: NodeJS.Signals | null
  /** Whether `stop` asked for it. */
  expected: boolean
}

/** A running PostgreSQL. */
export interface EmbeddedPostgres {
  /** Connection string of the superuser, with its password: never to be logged. */
  url: string
  port: number
  pid: number
  /** Fast shutdown: open transactions are rolled back. Bounded at 15 s, then it is killed, which loses nothing. */
  stop(): Promise<void>
  /** SIGKILL to the postmaster and every backend, as a crash would. */
  kill(): void
  /** Resolves when the postmaster is gone, for whatever reason. */
  exited: Promise<PostgresExit>
}

/** How long a start may be refused because backends of a killed postmaster are still about. */
const RETRY_MS = 15_000
const READY_TIMEOUT_MS = 60_000

/**
 * Starts PostgreSQL on the folder, creating the cluster on first use. What a killed predecessor left (a
 * postmaster, a stale pid file, half a cluster) is put away first.
 *
 * @throws PostgresStartError with one sentence: taken port, damaged data, full disk, no permission
 */
export async function startPostgres(options: StartPostgresOptions): Promise<EmbeddedPostgres> {
  const paths = clusterPaths(resolve(options.dataDir))
  try {
    mkdirSync(paths.root, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw fileError(error, paths.root)
  }
  const state = checkCluster(paths)
  const binaries = locateBinaries(paths.libraries)
  refuseSecondOwner(paths)
  if (options.port !== undefined && state === 'present') await stopLeftover(paths)
  if (options.port !== undefined && !(await isPortFree(options.port))) {
    throw new PostgresStartError(
      `Port ${options.port}, which PostgreSQL is set to use, is taken: stop what uses it, or choose another port.`,
    )
  }
  const environment = { ...process.env, ...binaries.environment }
  const runner = unprivileged({ program: binaries.postgres, environment, folder: paths.root })
  let password: string
  try {
    password = ensurePassword(paths, options.password)
    if (state === 'absent') await createCluster(paths, binaries, runner, password)
    giveTo(runner.ownerId, paths.cluster)
  } catch (error) {
    throw error instanceof PostgresStartError ? error : fileError(error, paths.root)
  }

  const deadline = Date.now() + RETRY_MS
  for (;;) {
    try {
      return await startOnce({ options, paths, binaries, runner, password })
    } catch (error) {
      if (!(error instanceof PostgresStartError) || !error.isTransient || Date.now() > deadline) throw error
      await sleep(200)
    }
  }
}

interface Start {
  options: StartPostgresOptions
  paths: ClusterPaths
  binaries: PostgresBinaries
  runner: Unprivileged
  password: string
}

async function startOnce({ options, paths, binaries, runner, password }: Start): Promise<EmbeddedPostgres> {
  await stopLeftover(paths)
  const port = options.port ?? (await freePort())
  const { command, args } = runner.wrap(binaries.postgres, [
    ...['-D', paths.cluster, '-p', String(port)],
    ...settingArguments(options.settings ?? {}),
  ])
  recordOwner(paths)
  const child = spawn(command, args, {
    // Away from the terminal's process group: Ctrl-C must not reach PostgreSQL before the services are done.
    detached: true,
    env: { ...process.env, ...binaries.environment, TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const log = collectLog(child, options.onLog)
  let isStopping = false
  const exited = new Promise<PostgresExit>((done) => {
    child.once('error', () => done({ code: 127, signal: null, expected: false }))
    child.once('exit', (code, signal) => done({ code, signal, expected: isStopping }))
  })
  const pid = child.pid
  if (pid === undefined) {
    await exited
    throw new PostgresStartError(`PostgreSQL could not be run: ${command} is missing or not executable.`)
  }
  const endWatch = watchOver({ pid, cluster: paths.cluster, graceMs: options.orphanGraceMs ?? 0 })
  void exited.then(endWatch)

  const stop = async (): Promise<void> => {
    isStopping = true
    child.kill('SIGINT')
    if (await settlesWithin(exited, 10_000)) return
    child.kill('SIGQUIT')
    if (await settlesWithin(exited, 5_000)) return
    killPostmaster(pid)
    await exited
  }

  try {
    await becomeReady({ child, exited, log, paths, port })
    const url = await prepareDatabase({ port, password, database: options.database ?? 'postgres' })
    return { url, port, pid, stop, kill: () => killPostmaster(pid), exited }
  } catch (error) {
    await stop()
    throw error
  }
}

async function becomeReady(start: {
  child: ChildProcess
  exited: Promise<PostgresExit>
  log: string[]
  paths: ClusterPaths
  port: number
}): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS
  const pid = start.child.pid ?? 0
  while (!saysReady(start.paths, pid)) {
    if (start.child.exitCode !== null || start.child.signalCode !== null)
      throw startFailure(start.paths, start.log)
    if (Date.now() > deadline) {
      throw new PostgresStartError(
        `PostgreSQL was not ready within ${READY_TIMEOUT_MS / 1000} s: ${start.log.at(-1) ?? 'it said nothing'}`,
      )
    }
    await Promise.race([start.exited, sleep(20)])
  }
}

function startFailure(paths: ClusterPaths, log: string[]): PostgresStartError {
  const all = log.join('\n')
  if (all.includes('No space left on device') || all.includes('Disk quota exceeded'))
    return diskFull(paths.root)
  const cause = (log.find((line) => /^(FATAL|PANIC):/.test(line)) ?? log.at(-1) ?? 'it said nothing').trim()
  // Backends of a killed postmaster need a moment to notice; a port probe may have raced.
  if (
    /shared memory block|postmaster\.pid|already exists|is being used|could not create any TCP/.test(cause)
  ) {
    return new PostgresStartError(`PostgreSQL could not start in ${paths.root}: ${cause}`, true)
  }
  return damaged(paths, cause.replace(/^(FATAL|PANIC):\s*/, ''))
}

async function prepareDatabase(target: {
  port: number
  password: string
  database: string
}): Promise<string> {
  const base = `postgres://postgres:${encodeURIComponent(target.password)}@127.0.0.1:${target.port}`
  const client = new pg.Client({ connectionString: `${base}/postgres`, connectionTimeoutMillis: 10_000 })
  // A connection that breaks while idle raises an event, which without a listener would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [target.database])
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(target.database)}`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new PostgresStartError(
      `PostgreSQL runs but refuses its own launcher (${message}): the kept password does not belong to this data ` +
        'folder; put both back together, or move the folder away to start empty.',
    )
  } finally {
    await client.end().catch(() => undefined)
  }
  return `${base}/${encodeURIComponent(target.database)}`
}

/** Passes on each line and keeps the last fifty, for the message of a failed start. */
function collectLog(child: ChildProcess, onLog: ((line: string) => void) | undefined): string[] {
  const last: string[] = []
  let rest = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      last.push(line)
      if (last.length > 50) last.shift()
      onLog?.(line)
    }
  })
  return last
}

async function settlesWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const timeout = new AbortController()
  const timer = sleep(timeoutMs, false, { signal: timeout.signal }).catch(() => false)
  const isSettled = await Promise.race([promise.then(() => true), timer])
  timeout.abort()
  return isSettled
}
