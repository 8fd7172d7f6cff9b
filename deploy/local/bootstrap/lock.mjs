import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { progress } from './progress.mjs'

/**
 * Runs `work` while no other process holds the lock file; the lock of a killed process is no obstacle. `work` is
 * given a function that names a child which does the work: it goes on when this process is killed, so the lock
 * lasts until both are gone.
 */
export async function withLock(path, what, work) {
  await acquire(path, what)
  try {
    return await work((pid) => writeFileSync(path, holders(process.pid, pid)))
  } finally {
    rmSync(path, { force: true })
  }
}

async function acquire(path, what) {
  mkdirSync(dirname(path), { recursive: true })
  const mine = holders(process.pid)
  let told = false
  for (;;) {
    try {
      create(path, mine)
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = read(path)
    if (holder !== undefined && isStale(holder)) {
      takeAway(path, holder)
      continue
    }
    if (!told) progress.line(`waiting for another process that ${what} in this clone`)
    told = true
    await sleep(200)
  }
}

/** Throws EEXIST when there is a lock. It appears with its content: an empty one would seem to be of a killed process. */
function create(path, content) {
  const draft = `${path}.${process.pid}.new`
  writeFileSync(draft, content)
  try {
    linkSync(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Moved away before it is removed, so that a fresh lock which came in between is noticed and put back. */
function takeAway(path, stale) {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    if (read(aside) === stale) rmSync(aside, { force: true })
    else renameSync(aside, path)
  } catch {
    // Someone else took it away first.
  }
}

function holders(...pids) {
  return JSON.stringify(pids.map((pid) => ({ pid, startedAt: startOf(pid) })))
}

function isStale(content) {
  try {
    return JSON.parse(content).every(({ pid, startedAt }) => startOf(pid) !== startedAt)
  } catch {
    // Nobody can read it: nobody can hold it.
    return true
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** When a process started: with the pid it names one process, since pids are used again. */
function startOf(pid) {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'ended' : fields[19]
  } catch {
    return 'ended'
  }
}
