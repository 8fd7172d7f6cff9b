import { LaunchError } from '@weir/local'
import { KafkaStartError } from '@weir/embedded-kafka'
import { ChaosUsageError, parseOptions } from './chaos/options.js'
import { toJson, toTable } from './chaos/report.js'
import { ChaosInterrupted, runChaos } from './chaos/run.js'

/** `npm run chaos`: exit code 0 when nothing was lost and nothing counted twice, else 1. */
try {
  const { options, json } = parseOptions(process.argv.slice(2))
  const beganAt = Date.now()
  const progress = json ? process.stderr : process.stdout
  const say = (line: string): void => {
    progress.write(`[${((Date.now() - beganAt) / 1_000).toFixed(1).padStart(6)} s] ${line}\n`)
  }
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130)
      say(`${signal}: stopping (once more to stop at once)`)
      interrupted.abort()
    })
  }
  const result = await runChaos({ ...options, say, signal: interrupted.signal })
  const exitCode = result.findings.length === 0 ? 0 : 1
  process.stdout.write(`${json ? toJson(result) : toTable(result)}\n`, () => process.exit(exitCode))
} catch (error) {
  const isExpected = [ChaosUsageError, ChaosInterrupted, LaunchError, KafkaStartError].some(
    (type) => error instanceof type,
  )
  if (!isExpected) throw error
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
