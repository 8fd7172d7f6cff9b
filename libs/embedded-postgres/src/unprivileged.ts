import { spawnSync } from 'node:child_process'
import { lchownSync, lstatSync, readdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { PostgresStartError } from './start-error.js'

/** Runs a program so that PostgreSQL agrees to start: it refuses to be root, and initdb needs a user's name. */
export interface Unprivileged {
  /** The command line that runs the program. The process keeps its pid: every step replaces itself (exec). */
  wrap(program: string, args: string[]): { command: string; args: string[] }
  /** The owner that the data folder must have as the kernel outside sees it; undefined: as it is. */
  ownerId: number | undefined
}

/** What the way to run it must be able to read and write. */
interface Probe {
  program: string
  environment: NodeJS.ProcessEnv
  folder: string
}

/** A prefix of the command line. */
interface Way {
  prefix: string[]
  ownerId: number | undefined
}

/** The user `nobody`, who has a name everywhere. */
const NOBODY = 65_534
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
/** The present user under the name nobody: still the owner of the same files. */
const RENAMED = ['unshare', '--user', `--map-user=${NOBODY}`, '--']

const DIRECT: Way = { prefix: [], ownerId: undefined }

/**
 * How to run PostgreSQL as the present user.
 *
 * An ordinary user needs nothing, unless the user has a number only (as containers are often run). As root there
 * are two ways, tried in this order by really reading what will be read:
 * 1. a user namespace, in which root is called nobody but still owns its files, so that closed homes work;
 * 2. where namespaces are forbidden (many container engines): the user nobody with the one capability that
 *    opens closed folders, or without it when everything is reachable.
 */
export function unprivileged(probe: Probe): Unprivileged {
  if (process.getuid?.() !== 0) {
    const renamed: Way = { prefix: RENAMED, ownerId: undefined }
    const needsName = !hasName() && failureOf(renamed, probe) === undefined
    return runnerOf(needsName ? renamed : DIRECT)
  }
  const reasons: string[] = []
  for (const way of [
    { prefix: RENAMED, ownerId: 0 },
    {
      prefix: [...AS_NOBODY, '--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--'],
      ownerId: NOBODY,
    },
    { prefix: [...AS_NOBODY, '--'], ownerId: NOBODY },
  ]) {
    const reason = failureOf(way, probe)
    if (reason === undefined) return runnerOf(way)
    reasons.push(reason)
  }
  throw new PostgresStartError(
    'PostgreSQL refuses to run as root, and no way to run it as another user works here ' +
      `(${[...new Set(reasons)].join('; ')}): start Weir as an ordinary user.`,
  )
}

/**
 * Gives a file or folder the owner that PostgreSQL demands: its own user's. A folder itself is last, so that its
 * owner tells whether the work was completed.
 */
export function giveTo(ownerId: number | undefined, path: string): void {
  if (ownerId === undefined) return
  const status = lstatSync(path)
  if (status.uid === ownerId) return
  if (status.isDirectory()) {
    for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
      lchownSync(join(entry.parentPath, entry.name), ownerId, ownerId)
    }
  }
  lchownSync(path, ownerId, ownerId)
}

function runnerOf({ prefix, ownerId }: Way): Unprivileged {
  return {
    ownerId,
    wrap: (program, args) => {
      const [command = program, ...rest] = [...prefix, program, ...args]
      return { command, args: rest }
    },
  }
}

function hasName(): boolean {
  try {
    userInfo()
    return true
  } catch {
    return false
  }
}

function failureOf({ prefix, ownerId }: Way, probe: Probe): string | undefined {
  const [command = '', ...args] = prefix
  // A folder that is about to change hands is written to by its new owner, so only the way to it is probed.
  const access = ownerId === NOBODY ? '-x' : '-w'
  const script = `test ${access} "$2" || { echo "no access to $2"; exit 1; }; exec "$1" --version`
  const result = spawnSync(command, [...args, 'sh', '-c', script, 'sh', probe.program, probe.folder], {
    env: probe.environment,
    encoding: 'utf8',
    timeout: 10_000,
  })
  if (result.status === 0) return undefined
  const said = `${result.stderr ?? ''}${result.stdout ?? ''}`.trim().split('\n').at(-1)
  return `${command}: ${result.error?.message ?? said ?? `exit code ${result.status}`}`
}
