import { buildProjects } from './build.mjs'
import { check } from './check.mjs'
import { BootstrapError } from './bootstrap-error.mjs'
import { gen } from './generate.mjs'
import { ensureInstalled } from './install.mjs'
import { findNode, nodeEnvironment } from './node.mjs'
import { progress } from './progress.mjs'
import { runToTheEnd } from './run.mjs'
import { test, testClients } from './test.mjs'

/** What `npm start` needs; the rest of the repository is built for the other commands. */
const RUNTIME = [
  'deploy/local',
  ...['identity', 'catalog', 'policy', 'gateway', 'metering', 'aggregator'].map((name) => `services/${name}`),
]

const COMMANDS = {
  start: script('deploy/local/dist/start.js', RUNTIME),
  kafka: script('deploy/local/dist/kafka.js', ['deploy/local']),
  bench: script('bench/dist/main.js'),
  'bench:detectors': script('bench/dist/detectors/main.js', ['bench']),
  chaos: script('deploy/e2e/dist/chaos.js'),
  test,
  'test:clients': testClients,
  check,
  gen,
}

/** Does all the set-up that a command needs, then runs it; the process ends with the command's exit code. */
export async function main([name, ...args]) {
  const command = COMMANDS[name]
  if (command === undefined) {
    console.error(`There is no command ${name ?? '(none)'}; there are ${Object.keys(COMMANDS).join(', ')}.`)
    process.exit(1)
  }
  // The machine-readable answer of `start --json` must be alone on standard output.
  progress.begin(args.includes('--json') ? process.stderr : process.stdout)
  try {
    await ensureInstalled()
    const node = findNode()
    process.exitCode = await command({ node, env: nodeEnvironment(node), args })
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

function script(path, projects = []) {
  return async ({ node, env, args }) => {
    await buildProjects(node, env, projects)
    return runToTheEnd(node, ['--disable-warning=ExperimentalWarning', path, ...args], {
      ...env,
      WEIR_STARTED_AT: String(progress.startedAt),
    })
  }
}
