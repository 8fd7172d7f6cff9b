import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BootstrapError } from './bootstrap-error.mjs'
import { withLock } from './lock.mjs'
import { inRoot, ROOT, STATE } from './paths.mjs'
import { progress } from './progress.mjs'
import { runQuietly } from './run.mjs'

/**
 * Compiles the projects (all when none is named) and what they depend on, unless nothing changed since they
 * were compiled: the stamp is a hash of every source's size and time, which takes 20 ms instead of tsc's 4 s.
 */
export async function buildProjects(node, env, projects = []) {
  const name =
    projects.length === 0 ? 'all' : createHash('sha256').update(projects.join()).digest('hex').slice(0, 12)
  const stamp = join(STATE, `built-${name}`)
  if (isFresh(stamp) || isFresh(join(STATE, 'built-all'))) return
  mkdirSync(STATE, { recursive: true })
  await withLock(join(STATE, 'build.lock'), 'compiles', async (alsoHeldBy) => {
    if (isFresh(stamp)) return
    const before = fingerprint()
    forgetRemovedOutputs()
    await progress.step('compiling', () => compile(node, env, projects, alsoHeldBy))
    removeOrphans()
    // Taken before, so that a source which changed while tsc ran is compiled the next time.
    writeFileSync(stamp, before)
  })
}

async function compile(node, env, projects, alsoHeldBy) {
  const { code, output } = await runQuietly(
    node,
    [inRoot('node_modules/typescript/bin/tsc'), '-b', ...projects],
    env,
    { onStart: alsoHeldBy },
  )
  if (code !== 0)
    throw new BootstrapError(`${output.trim()}\nThe sources do not compile (tsc's messages are above).`)
}

function isFresh(stamp) {
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === fingerprint() &&
    packages().every(
      (path) => !existsSync(join(path, 'tsconfig.tsbuildinfo')) || existsSync(join(path, 'dist')),
    )
  )
}

function fingerprint() {
  const hash = createHash('sha256')
  for (const name of ['package-lock.json', 'tsconfig.json', 'tsconfig.base.json']) add(hash, inRoot(name))
  for (const path of packages()) {
    add(hash, join(path, 'tsconfig.json'))
    for (const source of sources(path)) if (!source.endsWith('.spec.ts')) add(hash, source)
  }
  return hash.digest('hex')
}

function add(hash, path) {
  const { size, mtimeMs } = statSync(path)
  hash.update(`${path} ${size} ${mtimeMs}\n`)
}

/** tsc believes its build information and does not look whether the outputs are still there. */
function forgetRemovedOutputs() {
  for (const path of packages()) {
    if (!existsSync(join(path, 'dist'))) rmSync(join(path, 'tsconfig.tsbuildinfo'), { force: true })
  }
  const own = inRoot('deploy/local')
  if (!existsSync(join(own, 'dist/index.js'))) rmSync(join(own, 'tsconfig.tsbuildinfo'), { force: true })
}

/** tsc leaves the output of a source that is gone; a migration that was renamed would run twice. */
function removeOrphans() {
  for (const path of packages()) {
    const dist = join(path, 'dist')
    if (!existsSync(dist)) continue
    const known = new Set(
      sources(path).map((source) => source.slice(join(path, 'src').length).replace(/\.ts$/, '')),
    )
    for (const file of files(dist)) {
      const compiled = /^(.*?)(\.d\.ts|\.js\.map|\.js)$/.exec(file.slice(dist.length))
      if (compiled && !known.has(compiled[1])) rmSync(file)
    }
  }
}

let knownPackages
function packages() {
  knownPackages ??= ['libs', 'services', 'deploy', '.']
    .flatMap((folder) =>
      readdirSync(inRoot(folder), { withFileTypes: true }).map((entry) => join(ROOT, folder, entry.name)),
    )
    .filter((path) => existsSync(join(path, 'tsconfig.json')) && path !== dirname(ROOT))
  return knownPackages
}

const sources = (path) => files(join(path, 'src')).filter((file) => file.endsWith('.ts'))

function files(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}
