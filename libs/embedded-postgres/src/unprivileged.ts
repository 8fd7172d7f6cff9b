import { spawnSync } from 'node:child_process'
import { lchownSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PostgresStartError } from './start-error.js'

/** Runs a program so that PostgreSQL agrees to start: it refuses to be root. */
export interface Unprivileged {
  /** The command line that runs the program. The process keeps its pid: every step replaces itself (exec). */
  wrap(program: string, args: string[]): { command: string; args: string[] }
  /** The owner that the data folder must have as the kernel outside sees it; undefined: as it is. */
  ownerId: number | undefined
}

/** The user `nobody`: any id that is not 0 would do, nothing is looked up. */
const NOBODY = 65_534

/**
 * How to run PostgreSQL as the present user.
 *
 * An ordinary user needs nothing. As root there are two ways, tried in this order by really reading what will
 * be read:
 * 1. a user namespace, in which root is called nobody but still owns its files, so that closed homes work;
 * 2. where namespaces are forbidden (many container engines): the user nobody with the one capability that
 *    opens closed folders, or without it when everything is reachable.
 */
export function unprivileged(probe: {
  program: string
  environment: NodeJS.ProcessEnv
  folder: string
}): Unprivileged {
  if (process.getuid?.() !== 0)
    return { wrap: (program, args) => ({ command: program, args }), ownerId: undefined }

  const prefixes: { command: string; args: string[]; ownerId: number }[] = [
    { command: 'unshare', args: ['--user', `--map-user=${NOBODY}`, '--'], ownerId: 0 },
    {
      command: 'setpriv',
      args: [
        ...[`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
        ...['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--'],
      ],
      ownerId: NOBODY,
    },
    {
      command: 'setpriv',
      args: [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'],
      ownerId: NOBODY,
    },
  ]
  const reasons: string[] = []
  for (const { command, args, ownerId } of prefixes) {
    const reason = failureOf(command, args, ownerId, probe)
    if (reason === undefined) {
      return {
        wrap: (program, rest) => ({ command, args: [...args, program, ...rest] }),
        ownerId,
      }
    }
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

function failureOf(
  command: string,
  args: string[],
  ownerId: number,
  probe: { program: string; environment: NodeJS.ProcessEnv; folder: string },
): string | undefined {
  // A folder that is about to change hands is written to by its new owner, so only the way to it is probed.
  const access = ownerId === 0 ? '-w' : '-x'
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
