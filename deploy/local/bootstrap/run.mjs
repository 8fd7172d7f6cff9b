import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { ROOT } from './paths.mjs'

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program in the foreground, passes signals on, and resolves with its exit code (128 + number when a
 * signal ended it). The program has an IPC channel and hears by its end when this process is killed.
 */
export async function runToTheEnd(command, args, env) {
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  const passOn = (signal) => child.kill(signal)
  for (const signal of PASSED_ON) process.on(signal, passOn)
  const endWatch = watchNpm(() => child.kill('SIGTERM'))
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
    })
  } finally {
    endWatch()
    for (const signal of PASSED_ON) process.off(signal, passOn)
  }
}

/** Runs a program and collects what it prints, for a step that is shown in one line unless it fails. */
export async function runQuietly(command, args, env, { cwd = ROOT, onStart } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    if (child.pid !== undefined) onStart?.(child.pid)
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

/**
 * Notices that the npm above us was killed: it would have waited for us, so the command is over. (A shell or a
 * script that ends while we go on is somebody's way to run us in the background, and no reason to stop.)
 */
function watchNpm(onDeath) {
  const npm =
    process.platform === 'linux' && process.env.npm_lifecycle_event ? npmAbove(process.pid) : undefined
  if (npm === undefined) return () => undefined
  const timer = setInterval(() => {
    if (statusOf(npm.pid)?.startedAt === npm.startedAt) return
    clearInterval(timer)
    onDeath()
  }, 500)
  timer.unref()
  return () => clearInterval(timer)
}

function npmAbove(pid) {
  const status = statusOf(pid)
  if (status === undefined || status.parent <= 1) return undefined
  const parent = statusOf(status.parent)
  if (parent === undefined) return undefined
  if (parent.name.startsWith('npm')) return { pid: status.parent, startedAt: parent.startedAt }
  // npm runs scripts through a shell, which may or may not have replaced itself.
  return /^(da|ba|z)?sh$/.test(parent.name) ? npmAbove(status.parent) : undefined
}

function statusOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const end = stat.lastIndexOf(')')
    const fields = stat.slice(end + 2).split(' ')
    if (fields[0] === 'Z') return undefined
    return { name: stat.slice(stat.indexOf('(') + 1, end), parent: Number(fields[1]), startedAt: fields[19] }
  } catch {
    return undefined
  }
}
