import { noisyShare } from '../machine/foreign.js'
import { median } from '../load/percentile.js'
import type { Measurement } from '../run/rounds.js'
import { measureNames, type MeasureName } from '../run/measure.js'
import { targetNames, type TargetName } from '../target/target.js'

/** A figure over all rounds; NaN where it was not measured. */
export interface Figure {
  median: number
  lowest: number
  highest: number
}

/** What was measured of one target. Ratios and added latencies compare measurements of the same round. */
export interface TargetSummary {
  target: TargetName
  requestsPerSecond: Figure
  /** Share of its core that the target used during the closed loop; below 0.9 the load was the limit. */
  coreShare: Figure
  /** While it was loaded. */
  requestsPerCoreSecond: Figure
  /** With the work that was done after the last reply. */
  requestsPerCoreSecondAllIn: Figure
  p50Ms: Figure
  p99Ms: Figure
  /** 99th percentile of how long after its due time the load generator wrote a request: in the latencies, and not the target's. */
  lateP99Ms: Figure
  addedP50Ms: Figure
  addedP99Ms: Figure
  /** As `requestsPerCoreSecondAllIn`, of requests in a dialect that the upstream does not speak. */
  translatedPerCoreSecondAllIn: Figure
  /** CPU time that translation costs more than passing on, as a share of the latter. */
  translationShare: Figure
  /** Of a stream's first byte. */
  firstByteP50Ms: Figure
  firstByteP99Ms: Figure
  addedFirstByteP50Ms: Figure
  addedFirstByteP99Ms: Figure
  streamChunksPerSecond: Figure
  /** As `coreShare`, of streams. */
  streamCoreShare: Figure
  streamChunksPerCoreSecond: Figure
  pacedChunksPerSecond: Figure
  pacedChunksPerCoreSecond: Figure
  /** Before the first load. */
  idleRssMib: number
  /** After the last round. */
  rssMib: number
  drainSeconds: Figure
  /** To the bare proxy. */
  ratio: { requests: Figure; requestsAllIn: Figure; streamChunks: Figure; pacedChunks: Figure }
}

const subtract = (a: number, b: number): number => a - b

type Read = (measurement: Measurement) => number

const perSecond: Record<'requests' | 'events', Read> = {
  requests: ({ load: { window } }) => window.requests / window.seconds,
  events: ({ load: { window } }) => window.events / window.seconds,
}
const perCoreSecond: Record<'requests' | 'events' | 'allIn', Read> = {
  requests: ({ load: { window } }) => window.requests / window.cpuSeconds,
  events: ({ load: { window } }) => window.events / window.cpuSeconds,
  allIn: ({ allIn }) => (allIn === undefined ? NaN : allIn.requests / allIn.cpuSeconds),
}

/** A measure that was disturbed in every round, so that its figures are of disturbed ones. */
export interface Disturbance {
  measure: MeasureName
  foreignShare: number
}

export interface Summary {
  targets: TargetSummary[]
  disturbed: Disturbance[]
}

/** Rounds count in which a measure was undisturbed for every target; where there is none, all of them do. */
export function summarize(all: readonly Measurement[]): Summary {
  const disturbed: Disturbance[] = []
  const counted = measureNames.flatMap((measure) => {
    const measurements = all.filter((measurement) => measurement.measure === measure)
    const noisyRounds = new Set(
      measurements.filter((one) => one.foreignShare > noisyShare).map(({ round }) => round),
    )
    const quiet = measurements.filter(({ round }) => !noisyRounds.has(round))
    if (quiet.length > 0 || measurements.length === 0) return quiet
    disturbed.push({ measure, foreignShare: Math.max(...measurements.map((one) => one.foreignShare)) })
    return measurements
  })
  return { targets: summarizeTargets(counted), disturbed }
}

function summarizeTargets(measurements: readonly Measurement[]): TargetSummary[] {
  const measured = targetNames.filter((target) =>
    measurements.some((measurement) => measurement.target === target),
  )
  return measured.map((target) => summarizeTarget(measurements, target))
}

function summarizeTarget(all: readonly Measurement[], target: TargetName): TargetSummary {
  const of = (measure: MeasureName): Measurement[] =>
    all.filter((candidate) => candidate.target === target && candidate.measure === measure)
  const own = (measure: MeasureName, read: Read): Figure => figure(of(measure).map(read))
  const compared = (
    measure: MeasureName,
    base: TargetName,
    read: Read,
    compare: (a: number, b: number) => number,
  ): Figure =>
    figure(
      of(measure).flatMap((measurement) => {
        const reference = all.find(
          (other) => other.target === base && other.measure === measure && other.round === measurement.round,
        )
        return reference === undefined ? [] : [compare(read(measurement), read(reference))]
      }),
    )
  const ratio = (measure: MeasureName, read: Read): Figure => compared(measure, 'bare', read, (a, b) => a / b)
  const added = (read: Read): Figure => compared('rate', 'direct', read, subtract)
  const p50: Read = ({ load }) => load.latencyMs.p50
  const p99: Read = ({ load }) => load.latencyMs.p99
  const firstP50: Read = ({ load }) => load.firstByteMs.p50
  const firstP99: Read = ({ load }) => load.firstByteMs.p99
  const mine = all.filter((measurement) => measurement.target === target)
  return {
    target,
    requestsPerSecond: own('closed', perSecond.requests),
    coreShare: own('closed', ({ load: { window } }) => window.cpuSeconds / window.seconds),
    streamCoreShare: own('stream', ({ load: { window } }) => window.cpuSeconds / window.seconds),
    requestsPerCoreSecond: own('closed', perCoreSecond.requests),
    requestsPerCoreSecondAllIn: own('closed', perCoreSecond.allIn),
    p50Ms: own('rate', p50),
    p99Ms: own('rate', p99),
    lateP99Ms: own('rate', ({ load }) => load.latenessMs?.p99 ?? NaN),
    addedP50Ms: added(p50),
    addedP99Ms: added(p99),
    translatedPerCoreSecondAllIn: own('translated', perCoreSecond.allIn),
    translationShare: figure(
      of('translated').flatMap((translated) => {
        const passed = of('closed').find(({ round }) => round === translated.round)
        return passed ? [perCoreSecond.allIn(passed) / perCoreSecond.allIn(translated) - 1] : []
      }),
    ),
    firstByteP50Ms: own('first', firstP50),
    firstByteP99Ms: own('first', firstP99),
    addedFirstByteP50Ms: compared('first', 'direct', firstP50, subtract),
    addedFirstByteP99Ms: compared('first', 'direct', firstP99, subtract),
    streamChunksPerSecond: own('stream', perSecond.events),
    streamChunksPerCoreSecond: own('stream', perCoreSecond.events),
    pacedChunksPerSecond: own('paced', perSecond.events),
    pacedChunksPerCoreSecond: own('paced', perCoreSecond.events),
    idleRssMib: mine[0]?.idleRssMib ?? NaN,
    rssMib: mine.at(-1)?.rssMib ?? NaN,
    drainSeconds: figure(mine.map(({ drainSeconds }) => drainSeconds)),
    ratio: {
      requests: ratio('closed', perCoreSecond.requests),
      requestsAllIn: ratio('closed', perCoreSecond.allIn),
      streamChunks: ratio('stream', perCoreSecond.events),
      pacedChunks: ratio('paced', perCoreSecond.events),
    },
  }
}

function figure(values: readonly number[]): Figure {
  if (values.length === 0) return { median: NaN, lowest: NaN, highest: NaN }
  return { median: median(values), lowest: Math.min(...values), highest: Math.max(...values) }
}
