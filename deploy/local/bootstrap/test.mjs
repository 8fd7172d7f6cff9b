import { buildProjects } from './build.mjs'
import { inRoot } from './paths.mjs'
import { runToTheEnd } from './run.mjs'

/** All tests; further arguments go to vitest. */
export const test = (context) => runTests(['unit', 'medium', 'e2e', 'e2e-alone'], context)

/** Conversations of coding agents and of Python's clients, which are large to install. */
export const testClients = (context) => runTests(['clients'], context)

/** The tests of whole processes run what was compiled. */
async function runTests(projects, { node, env, args }) {
  await buildProjects(node, env)
  const reporters = ['default', inRoot('deploy/local/bootstrap/test-reporter.mjs')].map(
    (name) => `--reporter=${name}`,
  )
  return runToTheEnd(
    node,
    [
      '--disable-warning=ExperimentalWarning',
      inRoot('node_modules/vitest/vitest.mjs'),
      'run',
      ...reporters,
      ...(args.includes('--project') ? [] : projects.map((name) => `--project=${name}`)),
      ...args,
    ],
    env,
  )
}
