import { existsSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { BootstrapError } from './bootstrap-error.mjs'
import { inRoot } from './paths.mjs'

/** Node 24.11: the first long-term release with the SQLite interface that the home folder’s lock uses. */
const LEAST = [24, 11]

/** The Node that runs the services: this one when it is new enough, else the one that npm installed. */
export function findNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return process.execPath
  const installed = inRoot(`node_modules/node-${process.platform}-${process.arch}/bin/node`)
  if (existsSync(installed)) return installed
  throw new BootstrapError(
    `Weir runs on Node ${LEAST.join('.')} or later; this is ${process.versions.node}, and npm has none for ` +
      `${process.platform}-${process.arch}: install a current Node from https://nodejs.org.`,
  )
}

/** The environment in which every tool (tsc, vitest, buf's plugins) finds that Node first. */
export function nodeEnvironment(node) {
  const path = [dirname(node), inRoot('node_modules/.bin'), process.env.PATH].filter(Boolean).join(delimiter)
  return { ...process.env, PATH: path }
}
