import { buildProjects } from './build.mjs'
import { inRoot } from './paths.mjs'
import { runToTheEnd } from './run.mjs'

/** All tests; further arguments go to vitest. The tests of whole processes run what was compiled. */
export async function test({ node, env, args }) {
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
      ...args,
    ],
    env,
  )
}
