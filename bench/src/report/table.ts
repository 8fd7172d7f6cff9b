import type { MemoryCourse } from '../run/memory.js'
import { requestsPerSecond, streamsPerSecond } from '../run/measure.js'
import type { Check } from './check.js'
import type { Figure, Summary, TargetSummary } from './summary.js'

const fullCoreShare = 0.9

type Row = [label: string, cell: (summary: TargetSummary) => string]

const whole = (value: number): string =>
  Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '–'
const fixed = (value: number, digits: number): string =>
  Number.isFinite(value) ? value.toFixed(digits) : '–'

/** The median, and in brackets the range over the rounds. */
function ranged({ median, lowest, highest }: Figure, show: (value: number) => string): string {
  if (!Number.isFinite(median)) return '–'
  return lowest === highest ? show(median) : `${show(median)} (${show(lowest)}…${show(highest)})`
}

/** The target had time left, so it can do more than the load asked of it. */
const atLeast = ({ median }: Figure): string => (median < fullCoreShare ? '≥ ' : '')

const milliseconds = (value: number): string => fixed(value, 2)
const ratio = (value: number): string => fixed(value, 3)

const rows: Row[] = [
  ['requests per core-second', (s) => ranged(s.requestsPerCoreSecond, whole)],
  ['… all in, until accounted for', (s) => ranged(s.requestsPerCoreSecondAllIn, whole)],
  ['… all in, ratio to bare', (s) => ranged(s.ratio.requestsAllIn, ratio)],
  ['… under load, ratio to bare', (s) => ranged(s.ratio.requests, ratio)],
  ['requests/s on the core', (s) => atLeast(s.coreShare) + ranged(s.requestsPerSecond, whole)],
  [`p50 at ${requestsPerSecond}/s, ms`, (s) => ranged(s.p50Ms, milliseconds)],
  [`p99 at ${requestsPerSecond}/s, ms`, (s) => ranged(s.p99Ms, milliseconds)],
  ['added p50, ms', (s) => ranged(s.addedP50Ms, milliseconds)],
  ['added p99, ms', (s) => ranged(s.addedP99Ms, milliseconds)],
  ['in it: generator late, p99, ms', (s) => ranged(s.lateP99Ms, milliseconds)],
  ['translated requests per core-second, all in', (s) => ranged(s.translatedPerCoreSecondAllIn, whole)],
  ['… CPU time more than passed on, %', (s) => ranged(s.translationShare, (share) => fixed(100 * share, 0))],
  [`first byte p50 at ${streamsPerSecond} streams/s, ms`, (s) => ranged(s.firstByteP50Ms, milliseconds)],
  ['… added p50, ms', (s) => ranged(s.addedFirstByteP50Ms, milliseconds)],
  ['… added p99, ms', (s) => ranged(s.addedFirstByteP99Ms, milliseconds)],
  ['stream chunks per core-second', (s) => ranged(s.streamChunksPerCoreSecond, whole)],
  ['… ratio to bare', (s) => ranged(s.ratio.streamChunks, ratio)],
  ['stream chunks/s', (s) => atLeast(s.streamCoreShare) + ranged(s.streamChunksPerSecond, whole)],
  ['paced chunks per core-second', (s) => ranged(s.pacedChunksPerCoreSecond, whole)],
  ['… ratio to bare', (s) => ranged(s.ratio.pacedChunks, ratio)],
  ['paced chunks/s', (s) => ranged(s.pacedChunksPerSecond, whole)],
  ['resident memory idle, MiB', (s) => whole(s.idleRssMib)],
  ['resident memory after it, MiB', (s) => whole(s.rssMib)],
  ['accounted for after, s', (s) => ranged(s.drainSeconds, (value) => fixed(value, 1))],
]

/** For people: one column for each target, a row only where something was measured. */
export function renderTable({ targets: summaries, disturbed }: Summary): string {
  const cells = rows.map(([label, cell]) => [label, ...summaries.map(cell)])
  const measured = cells.filter(([, ...values]) => values.some((value) => value !== '–'))
  const lines = columns([
    ['median (lowest…highest round)', ...summaries.map(({ target }) => target)],
    ...measured,
  ])
  for (const { measure, foreignShare } of disturbed) {
    lines.push(
      `DISTURBED: in no round was '${measure}' free of other processes, which used up to ` +
        `${(foreignShare * 100).toFixed(0)} % of a core. Measure again on a quiet machine.`,
    )
  }
  return lines.join('\n')
}

export function renderMemory(courses: readonly MemoryCourse[]): string {
  const steps = courses[0]?.points.map(({ requests }) => whole(requests)) ?? []
  const lines = columns([
    ['resident memory, MiB, after requests', 'idle', ...steps, 'live B per request', ''],
    ...courses.map(({ target, idleRssMib, points, liveBytesPerRequest, flat }) => [
      target,
      whole(idleRssMib),
      ...points.map(({ rssMib }) => whole(rssMib)),
      fixed(liveBytesPerRequest, 1),
      flat ? 'flat' : 'GROWS',
    ]),
  ])
  return lines.join('\n')
}

export function renderChecks(checks: readonly Check[]): string {
  return checks.map(({ what, value, holds }) => `${holds ? 'ok    ' : 'FAILED'} ${what}: ${value}`).join('\n')
}

/** Aligned by spaces: the first column to the left, figures to the right. */
export function columns(table: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of table) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  return table.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
