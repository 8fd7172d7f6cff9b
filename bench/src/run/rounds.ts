import { foreignShare, machineUse, noisyShare } from '../machine/foreign.js'
import type { TargetName } from '../target/target.js'
import { measure, type Measure, type MeasureName } from './measure.js'
import type { Outcome, Subject } from './subject.js'

/** One measure of one target in one round. */
export interface Measurement extends Outcome {
  round: number
  measure: MeasureName
  target: TargetName
}

const quietWithinMs = 15_000
const quietWindowMs = 500

export interface RoundsOptions {
  rounds: number
  seconds: number
  warmupSeconds: number
  /** How often a measurement that the neighbours disturbed is done again; 0 also does not wait for quiet. */
  retries: number
  measures: readonly MeasureName[]
  progress: (line: string) => void
}

/**
 * The targets take turns within each measure, and swap ends from round to round, so that a machine whose speed changes
 * treats all of them alike.
 */
export async function runRounds(
  subjects: readonly Subject[],
  options: RoundsOptions,
): Promise<Measurement[]> {
  const { rounds, seconds, warmupSeconds, measures, progress } = options
  const measurements: Measurement[] = []
  for (const subject of subjects) {
    progress(`warming up: ${subject.target.title}`)
    await warmUp(subject, measures, warmupSeconds)
  }
  for (let round = 1; round <= rounds; round++) {
    for (const name of measures) {
      const definition = measure(name, seconds)
      for (const subject of round % 2 === 1 ? subjects : [...subjects].reverse()) {
        if (!isMeasured(subject, definition)) continue
        const outcome = await quietest(subject, definition, options)
        const measurement = { round, measure: name, target: subject.target.name, ...outcome }
        measurements.push(measurement)
        progress(
          `round ${round}/${rounds}, ${definition.title}: ${subject.target.name}: ${sketch(measurement)}`,
        )
      }
    }
  }
  return measurements
}

/** The upstream's own throughput says nothing about a proxy; its latency is what all others are compared to. */
function isMeasured({ target }: Subject, { schedule, isTranslated }: Measure): boolean {
  if (isTranslated) return target.messagesUrl !== undefined
  return target.pid !== undefined || schedule.kind === 'rate'
}

/** The first undisturbed outcome, else the least disturbed of all. */
async function quietest(subject: Subject, definition: Measure, options: RoundsOptions): Promise<Outcome> {
  const { retries, progress } = options
  let best: Outcome | undefined
  for (let attempt = 0; attempt <= retries; attempt++) {
    if (retries > 0) await quiet()
    const outcome = await subject.run(definition)
    if (best === undefined || outcome.foreignShare < best.foreignShare) best = outcome
    if (best.foreignShare <= noisyShare) break
    const share = `${(100 * outcome.foreignShare).toFixed(0)} % of a core used by others`
    progress(
      `${definition.title}: ${subject.target.name}: ${share}${attempt < retries ? ', measuring again' : ''}`,
    )
  }
  return best!
}

/** Waits until nothing else runs on the machine, but not for ever. */
async function quiet(): Promise<void> {
  for (const deadlineMs = performance.now() + quietWithinMs; performance.now() < deadlineMs;) {
    const before = machineUse()
    await new Promise((resolve) => setTimeout(resolve, quietWindowMs))
    if (foreignShare(before, machineUse()) <= noisyShare) return
  }
}

/** The load that warms up for a measure. */
const warmedBy: Record<MeasureName, MeasureName> = {
  closed: 'closed',
  translated: 'translated',
  rate: 'closed',
  stream: 'stream',
  paced: 'stream',
  first: 'stream',
}

async function warmUp(subject: Subject, measures: readonly MeasureName[], seconds: number): Promise<void> {
  const wanted = new Set<MeasureName>(measures.map((name) => warmedBy[name]))
  // It is not measured by streams; a plain load warms up the load generator and the upstream.
  if (subject.target.pid === undefined) wanted.delete('stream')
  if (subject.target.messagesUrl === undefined) wanted.delete('translated')
  for (const name of wanted) await subject.run(measure(name, seconds))
}

function sketch({ measure: name, load, drainSeconds }: Measurement): string {
  const { window, latencyMs } = load
  const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
  const drained = drainSeconds > 0.5 ? `, accounted for ${drainSeconds.toFixed(1)} s later` : ''
  if (name === 'first') {
    const { p50, p99 } = load.firstByteMs
    return `first byte p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms${drained}`
  }
  if (name === 'rate')
    return `p50 ${latencyMs.p50.toFixed(2)} ms, p99 ${latencyMs.p99.toFixed(2)} ms${drained}`
  const [count, unit] = window.events === 0 ? [window.requests, 'requests'] : [window.events, 'chunks']
  return `${whole(count / window.seconds)} ${unit}/s, ${whole(count / window.cpuSeconds)} per core-second${drained}`
}
