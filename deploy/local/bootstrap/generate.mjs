import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { BootstrapError } from './bootstrap-error.mjs'
import { buildProjects } from './build.mjs'
import { GENERATORS } from './generators.mjs'
import { inRoot } from './paths.mjs'
import { progress } from './progress.mjs'
import { runQuietly } from './run.mjs'

/** Writes every generated file anew. */
export async function gen(context) {
  for (const generator of GENERATORS)
    await progress.step(`generating ${generator.name}`, () => generate(generator, context))
  return 0
}

/** Generates everything and returns the files that changed by it: they were out of date (and now are not). */
export async function findOutdated(context) {
  const paths = GENERATORS.flatMap(({ outputs }) => outputs)
  const before = hashes(paths)
  for (const generator of GENERATORS) await generate(generator, context)
  const after = hashes(paths)
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  )
}

async function generate({ name, folder, command: [program, ...args], needs = [] }, { node, env }) {
  if (needs.length > 0) await buildProjects(node, env, needs)
  const { code, output } = await runQuietly(program, args, env, { cwd: inRoot(folder) })
  if (code !== 0)
    throw new BootstrapError(`${output.trim()}\nGenerating ${name} failed (its messages are above).`)
}

function hashes(paths) {
  const found = new Map()
  const visit = (path) => {
    const absolute = inRoot(path)
    if (!existsSync(absolute)) return
    if (statSync(absolute).isDirectory()) for (const name of readdirSync(absolute)) visit(join(path, name))
    else found.set(path, createHash('sha256').update(readFileSync(absolute)).digest('hex'))
  }
  for (const path of paths) visit(path)
  return found
}
