import { BootstrapError } from './bootstrap-error.mjs'
import { buildProjects } from './build.mjs'
import { findOutdated } from './generate.mjs'
import { inRoot } from './paths.mjs'
import { writeReport } from './report.mjs'
import { runQuietly } from './run.mjs'

const bin = (path) => inRoot('node_modules', path)

/** In the order in which they are shown; a JavaScript tool is named by its file, others by their name in PATH. */
const STEPS = [
  { name: 'build', work: build },
  {
    name: 'format',
    script: bin('prettier/bin/prettier.cjs'),
    args: ['--check', '--log-level=warn', '--cache', '.'],
  },
  { name: 'lint', script: bin('eslint/bin/eslint.js'), args: ['--max-warnings=0', '.'] },
  { name: 'types', script: bin('typescript/bin/tsc'), args: ['-p', 'tsconfig.spec.json'] },
  {
    name: 'architecture',
    script: bin('dependency-cruiser/bin/dependency-cruiser.mjs'),
    args: ['--config', '.dependency-cruiser.cjs', 'libs', 'services', 'deploy', 'bench'],
  },
  { name: 'protos: lint', program: 'buf', args: ['lint'], folder: 'proto' },
  { name: 'protos: format', program: 'buf', args: ['format', '--diff', '--exit-code'], folder: 'proto' },
  { name: 'generated files unchanged', work: generatedUnchanged },
]

/** Everything that CI checks besides the tests. All steps run, whatever fails. */
export async function check(context) {
  const failures = []
  for (const step of STEPS) {
    const began = Date.now()
    const complaint = await run(step, context)
    const time = `${((Date.now() - began) / 1000).toFixed(1)} s`
    console.log(`${complaint === undefined ? '✓' : '✗'} ${step.name} (${time})`)
    if (complaint !== undefined) {
      failures.push(step.name)
      console.log(`${complaint.trim().replace(/^/gm, '    ')}\n`)
    }
  }
  const passed = STEPS.length - failures.length
  writeReport({ passed, failed: failures.length, skipped: [] })
  console.log(failures.length === 0 ? `All ${passed} checks pass.` : `Failed: ${failures.join(', ')}.`)
  return failures.length === 0 ? 0 : 1
}

async function run({ script, program, args, folder, work }, context) {
  if (work !== undefined) {
    return work(context).catch((error) => {
      if (error instanceof BootstrapError) return error.message
      throw error
    })
  }
  const [command, all] = script === undefined ? [program, args] : [context.node, [script, ...args]]
  const { code, output } = await runQuietly(command, all, context.env, { cwd: inRoot(folder ?? '.') })
  return code === 0 ? undefined : output || `exit code ${code}`
}

async function build({ node, env }) {
  await buildProjects(node, env)
}

async function generatedUnchanged(context) {
  const outdated = await findOutdated(context)
  if (outdated.length === 0) return undefined
  return `These were out of date; they have just been generated again, commit them:\n${outdated.join('\n')}`
}
