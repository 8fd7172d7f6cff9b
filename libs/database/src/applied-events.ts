import { counter, gauge, histogram } from '@weir/observability'

const duplicates = counter('weir_duplicate_events_total', 'Events that had been applied before.', ['topic'])

const duration = histogram(
  'weir_batch_duration_seconds',
  'Time of a transaction that applies events.',
  ['topic'],
  [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
)

const newestAge = gauge(
  'weir_newest_event_age_seconds',
  'Time from when the newest event of the last batch happened to when it was applied.',
  ['topic'],
)

/** The metrics of a transaction that applies events of a topic: starts its clock, and gives what to call once it has committed. */
export function timeBatch(
  topic: string,
): (applied: { events: number; newEvents: number; newestMs: number }) => void {
  const stop = duration.startTimer({ topic })
  return ({ events, newEvents, newestMs }) => {
    stop()
    duplicates.inc({ topic }, events - newEvents)
    newestAge.set({ topic }, (Date.now() - newestMs) / 1_000)
  }
}
