import type { TargetName } from '../target/target.js'
import { measure, type MeasureName } from './measure.js'
import type { Outcome, Subject } from './subject.js'

/** One measure of one target in one round. */
export interface Measurement extends Outcome {
  round: number
  measure: MeasureName
  target: TargetName
}

export interface RoundsOptions {
  rounds: number
  seconds: number
  warmupSeconds: number
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
        // The upstream's own throughput says nothing about a proxy; its latency is what all others are compared to.
        if (subject.target.pid === undefined && name !== 'rate') continue
        const outcome = await subject.run(definition)
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

async function warmUp(subject: Subject, measures: readonly MeasureName[], seconds: number): Promise<void> {
  const wanted = new Set<MeasureName>(measures.map((name) => (name === 'paced' ? 'stream' : name)))
  if (wanted.has('rate')) wanted.add('closed')
  wanted.delete('rate')
  // It is not measured by streams; a plain load warms up the load generator and the upstream.
  if (subject.target.pid === undefined) wanted.delete('stream')
  for (const name of wanted) await subject.run(measure(name, seconds))
}

function sketch({ measure: name, load, drainSeconds }: Measurement): string {
  const { window, latencyMs } = load
  const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
  const drained = drainSeconds > 0.5 ? `, accounted for ${drainSeconds.toFixed(1)} s later` : ''
  if (name === 'rate')
    return `p50 ${latencyMs.p50.toFixed(2)} ms, p99 ${latencyMs.p99.toFixed(2)} ms${drained}`
  const [count, unit] = name === 'closed' ? [window.requests, 'requests'] : [window.events, 'chunks']
  return `${whole(count / window.seconds)} ${unit}/s, ${whole(count / window.cpuSeconds)} per core-second${drained}`
}
