import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Home, writePrivately } from './home.js'
import { fileError, LaunchError } from './launch-error.js'

/** A killed npm's launcher needs a moment to notice; only then is the home's holder there to stay. */
const NOTICE_MS = 3_000
/** Longer than a whole drain. */
const STOPPING_MS = 75_000

interface Holder {
  pid: number
  state: 'running' | 'stopping'
}

/** The right to run on a home. The kernel takes it back when the process ends, however that happens. */
export interface HomeLock {
  /** Lets a launcher that waits for the home know that it will be free soon. */
  announceStop(): void
  release(): void
}

/**
 * Takes the home, waiting for a launcher that is just stopping.
 *
 * @throws LaunchError when another launcher runs there
 */
export async function lockHome(home: Home, say: (line: string) => void): Promise<HomeLock> {
  const began = Date.now()
  let isTold = false
  for (;;) {
    const database = tryLock(home)
    if (database !== undefined) return held(home, database)
    const holder = readHolder(home)
    const patienceMs = holder?.state === 'stopping' ? STOPPING_MS : NOTICE_MS
    if (Date.now() - began > patienceMs) throw inUse(home, holder)
    if (holder?.state === 'stopping' && !isTold) {
      say(`waiting for the Weir that is stopping in ${home.root} (process ${holder.pid})`)
      isTold = true
    }
    await sleep(100)
  }
}

function tryLock(home: Home): DatabaseSync | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(home.lock)
    database.exec('pragma busy_timeout = 0; begin exclusive')
    return database
  } catch (error) {
    database?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === 5) return undefined
    throw fileError(error, home.lock)
  }
}

function held(home: Home, database: DatabaseSync): HomeLock {
  const write = (state: Holder['state']): void =>
    writePrivately(home.holder, JSON.stringify({ pid: process.pid, state } satisfies Holder))
  write('running')
  return {
    announceStop: () => {
      try {
        write('stopping')
      } catch {
        // A courtesy only; a full disk must not keep Weir from stopping.
      }
    },
    release: () => database.close(),
  }
}

function inUse(home: Home, holder: Holder | undefined): LaunchError {
  const who = holder === undefined ? '' : ` (process ${holder.pid})`
  return new LaunchError(
    `Another Weir already runs in ${home.root}${who}: use that one, stop it, or set WEIR_HOME and WEIR_PORT to run a second.`,
  )
}

function readHolder(home: Home): Holder | undefined {
  try {
    return JSON.parse(readFileSync(home.holder, 'utf8')) as Holder
  } catch {
    return undefined
  }
}
