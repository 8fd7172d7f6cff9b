import { runBench } from './bench.js'
import { killChildren } from './machine/child.js'
import { parseOptions, usage, UsageError } from './options.js'

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first one ends in good order, a second one at once.
    if (interruption.signal.aborted) {
      killChildren()
      process.exit(1)
    }
    interruption.abort()
  })
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) process.stdout.write(usage)
  else {
    const { output, holds } = await runBench(options, {
      progress: (line) => process.stderr.write(`${line}\n`),
      signal: interruption.signal,
    })
    process.stdout.write(`${output}\n`)
    process.exitCode = holds ? 0 : 1
  }
} catch (error) {
  killChildren()
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  if (error instanceof UsageError) process.stderr.write(`\n${usage}`)
  // What was interrupted may still be waiting for something.
  process.exit(error instanceof UsageError ? 2 : 1)
}
