import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PostgresBinaries } from './binaries.js'
import { diskFull, fileError, PostgresStartError } from './start-error.js'
import { giveTo, type Unprivileged } from './unprivileged.js'

/** The major version of the binaries: another one's files cannot be read. */
const MAJOR_VERSION = '18'

/** The folders and files of one embedded PostgreSQL. */
export interface ClusterPaths {
  root: string
  cluster: string
  password: string
  owner: string
  libraries: string
}

export function clusterPaths(root: string): ClusterPaths {
  return {
    root,
    cluster: join(root, 'cluster'),
    password: join(root, 'password'),
    owner: join(root, 'owner.json'),
    libraries: join(root, 'lib'),
  }
}

/** Reads the superuser's password, or makes one (file mode 0600) for a cluster that is about to be created. */
export function ensurePassword(paths: ClusterPaths, given: string | undefined): string {
  if (given !== undefined) return given
  if (existsSync(paths.password)) {
    const password = readFileSync(paths.password, 'utf8').trim()
    if (password.length >= 32) return password
  }
  if (existsSync(paths.cluster)) throw damaged(paths, 'the password file is missing or cut')
  const password = randomBytes(24).toString('base64url')
  writeFileSync(paths.password, password, { mode: 0o600 })
  return password
}

/** Throws when the folder exists but cannot be a whole cluster of this version; changes nothing. */
export function checkCluster(paths: ClusterPaths): 'absent' | 'present' {
  if (!existsSync(paths.cluster)) return 'absent'
  for (const file of ['PG_VERSION', 'global/pg_control', 'base', 'pg_wal']) {
    if (!existsSync(join(paths.cluster, file))) throw damaged(paths, `${file} is missing`)
  }
  const version = readFileSync(join(paths.cluster, 'PG_VERSION'), 'utf8').trim()
  if (version !== MAJOR_VERSION) {
    throw new PostgresStartError(
      `The PostgreSQL data in ${paths.cluster} is of version ${JSON.stringify(version.slice(0, 20))} and this is ` +
        `PostgreSQL ${MAJOR_VERSION}: dump it with the other version and restore, or move the folder away to start empty.`,
    )
  }
  return 'present'
}

export function damaged(paths: ClusterPaths, what: string): PostgresStartError {
  return new PostgresStartError(
    `The PostgreSQL data in ${paths.cluster} is damaged (${what}): restore it from a backup, or move the folder ` +
      'away to start empty; nothing was changed.',
  )
}

/**
 * Creates the cluster beside its place and moves it there when it is whole, so that a kill in the middle leaves
 * nothing that looks like data.
 */
export async function createCluster(
  paths: ClusterPaths,
  binaries: PostgresBinaries,
  runner: Unprivileged,
  password: string,
): Promise<void> {
  const draft = join(paths.root, 'cluster.draft')
  const passwordFile = join(paths.root, 'password.draft')
  try {
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft, { mode: 0o700 })
    giveTo(runner.ownerId, draft)
    writeFileSync(passwordFile, password, { mode: 0o600 })
    giveTo(runner.ownerId, passwordFile)
  } catch (error) {
    throw fileError(error, paths.root)
  }
  // -N: flushing the templates takes three of the four seconds that this would take.
  const { command, args } = runner.wrap(binaries.initdb, [
    ...['-N', '-D', draft, '-U', 'postgres', `--pwfile=${passwordFile}`, '-A', 'scram-sha-256', '-E', 'UTF8'],
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions'],
  ])
  try {
    const { code, output } = await run(command, args, { ...process.env, ...binaries.environment, TZ: 'UTC' })
    if (code !== 0) throw initdbError(paths, output)
    renameSync(draft, paths.cluster)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error instanceof PostgresStartError ? error : fileError(error, paths.root)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

function initdbError(paths: ClusterPaths, output: string): PostgresStartError {
  if (output.includes('No space left on device') || output.includes('Disk quota exceeded')) {
    return diskFull(paths.root)
  }
  if (output.includes('could not look up effective user ID')) {
    return new PostgresStartError(
      `The user with the number ${process.geteuid?.()} has no name here, and PostgreSQL demands one: add it to ` +
        '/etc/passwd, or start Weir as another user.',
    )
  }
  const line = output.split('\n').findLast((row) => /error|FATAL|PANIC/i.test(row)) ?? output.trim()
  return new PostgresStartError(`PostgreSQL could not create its data in ${paths.root}: ${line.trim()}`)
}

async function run(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}
