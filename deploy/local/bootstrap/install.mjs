import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { BootstrapError } from './bootstrap-error.mjs'
import { withLock } from './lock.mjs'
import { inRoot, ROOT, STATE } from './paths.mjs'
import { progress } from './progress.mjs'

const LOCKFILE = inRoot('package-lock.json')
/** In node_modules, so that removing that, or an interrupted `npm ci` (which removes it first), forgets it. */
const MARKER = inRoot('node_modules/.weir-installed')

/** Installs what package-lock.json says unless it is installed already. No install script runs. */
export async function ensureInstalled() {
  const wanted = fingerprint()
  if (isInstalled(wanted)) return
  mkdirSync(STATE, { recursive: true })
  await withLock(join(STATE, 'install.lock'), 'installs packages', async (alsoHeldBy) => {
    if (isInstalled(wanted)) return
    if (hasEveryPackage()) linkWorkspaces()
    else await progress.step('installing packages (npm ci)', () => install(alsoHeldBy))
    remember(wanted)
  })
}

function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}\n`)
  return hash.update(readFileSync(LOCKFILE)).digest('hex')
}

function isInstalled(wanted) {
  return existsSync(MARKER) && readFileSync(MARKER, 'utf8') === wanted
}

function remember(wanted) {
  try {
    writeFileSync(MARKER, wanted)
  } catch {
    // A read-only node_modules: it is compared again at the next start, which takes 50 ms.
  }
}

/** Whether node_modules, by npm's own record of it, holds the locked version of every package. */
function hasEveryPackage() {
  const record = inRoot('node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const { packages: found } = JSON.parse(readFileSync(record, 'utf8'))
  const { packages: locked } = JSON.parse(readFileSync(LOCKFILE, 'utf8'))
  return Object.entries(locked).every(([path, { version, link, optional, peer, os, cpu }]) => {
    if (!path.startsWith('node_modules/') || link) return true
    if (os && !os.includes(process.platform)) return true
    if (cpu && !cpu.includes(process.arch)) return true
    const present = found[path]
    // A package for another libc, or an optional one that could not be had, is not missed here.
    if (present === undefined) return optional === true || peer === true
    return present.version === version
  })
}

/** A workspace that was added since needs a link only, not a new install. */
function linkWorkspaces() {
  const { packages: locked } = JSON.parse(readFileSync(LOCKFILE, 'utf8'))
  for (const [path, { link, resolved }] of Object.entries(locked)) {
    if (!link || existsSync(inRoot(path))) continue
    mkdirSync(dirname(inRoot(path)), { recursive: true })
    rmSync(inRoot(path), { force: true })
    symlinkSync(relative(dirname(inRoot(path)), inRoot(resolved)), inRoot(path))
  }
}

async function install(alsoHeldBy) {
  const flags = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--prefer-offline']
  const [command, ...args] = npmCommand()
  const { code, output } = await new Promise((resolve, reject) => {
    const child = spawn(command, [...args, ...flags, '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: ROOT,
      env: { ...process.env, npm_config_update_notifier: 'false' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    if (child.pid !== undefined) alsoHeldBy(child.pid)
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  }).catch((error) => {
    throw new BootstrapError(`npm could not be run (${error.message}): install Node with npm and try again.`)
  })
  if (code === 0) return
  // What follows npm's own explanation is how to call it.
  const explanation = output.split('Clean install a project')[0].replace(/(npm error)?\s*$/, '')
  const hint = output.includes('ENOSPC') ? 'the disk is full' : 'npm ci failed'
  throw new BootstrapError(
    `${explanation.trim()}\nThe packages could not be installed: ${hint} (its messages are above).`,
  )
}

/** The npm that runs us, else the one in PATH. */
function npmCommand() {
  const path = process.env.npm_execpath
  return path !== undefined && /npm-cli\.[cm]?js$/.test(path) ? [process.execPath, path] : ['npm']
}
